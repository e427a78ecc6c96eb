// SPDX-License-Identifier: GPL-2.0-only
// usage: cc1 MIB SECONDS: fills MIB at no more than 100 MB/s, as a compiler does,
// and keeps them for SECONDS.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  for (int mib = atoi(argv[1]); mib > 0; mib--) {
    char* block = malloc(1 << 20);
    if (!block) return 1;
    memset(block, mib, 1 << 20);
    usleep(10000);
  }
  sleep(atoi(argv[2]));
  return 0;
}
