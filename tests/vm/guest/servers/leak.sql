-- SPDX-License-Identifier: GPL-2.0-only
-- One query of one session that gathers 1.5 GiB in its backend.
SELECT array_agg(repeat(md5(i::text), 32768)) IS NULL
FROM generate_series(1, 1536) AS i, LATERAL (SELECT pg_sleep(0.005 + i * 0)) AS pause;
