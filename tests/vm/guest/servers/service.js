// SPDX-License-Identifier: GPL-2.0-only
// A Node.js service that holds 30 MiB besides the runtime.
const held = Buffer.alloc(30 << 20, 1);
require('http').createServer((_, answer) => answer.end(`${held.length}\n`)).listen(3000, '127.0.0.1');
