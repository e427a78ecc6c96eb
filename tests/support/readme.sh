#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: readme.sh NAME
# Prints the block of README.md below the mark NAME ("<!-- ci: NAME -->"), so that
# what is documented is what is tested.
awk -v mark="^<!-- [a-z]+: $1 -->\$" '
  $0 ~ mark { found = 1; next }
  found && /^```/ { if (inside) exit; inside = 1; next }
  inside { print }' "$(dirname "$0")/../../README.md"
