#!/usr/bin/php
<?php
// SPDX-License-Identifier: GPL-2.0-only
// usage: leak.php MB_PER_S: grows to 1.5 GiB.
ini_set('memory_limit', '-1');
$held = [];
for ($i = 0; $i < 1536; $i++) {
    $held[] = str_repeat('x', 1 << 20);
    usleep((int) (1e6 / $argv[1]));
}
sleep(1000000);
