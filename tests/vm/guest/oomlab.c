// SPDX-License-Identifier: GPL-2.0-only
// oomlab - the load generator and measuring agent inside the guest.
//
//   oomlab ROLE[:ARG]       a workload process (db, sshd, beat, jvm, hog-*, ...)
//   oomlab agent DIR LIMIT [LINGER]
//                           mlocked SCHED_FIFO observer; writes DIR.json, DIR.csv
//                           (samples) and DIR.died (who, in order); ends LINGER
//                           seconds after the last hog
//   oomlab await            waits until a role says that it is ready
//   oomlab again            keeps those that live for another run
//   oomlab sniper PID       SIGKILLs PID as soon as a SIGKILL is on its way to a hog
//   oomlab fill-journal     sends to the journal's socket until it is full
//   oomlab cmdlines N       N children with command lines of 32 KiB
//   oomlab execs            executes itself again and again
//   oomlab stall            stalls in a cgroup with memory.high, and fails
//   oomlab probe PID        tries the calls badnessd needs, on a process of another
//
// All roles share one tmpfs file (/run/lab/shm) with the agent: they register
// their pid there and wait for `go`. Times are CLOCK_MONOTONIC.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <linux/kcmp.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAXPROC = 1024, MAXSAMP = 30000, TICK_NS = 5000000, FINE_NS = 1000000 };
static const int64_t US = 1000, MS = 1000000, SEC = 1000000000;

struct slot { _Atomic int pid; char role[16]; _Atomic int64_t sigterm; int64_t died; int seen; };
struct shared {
  _Atomic int go, nproc, hog_done, ready, jobs, jobs_killed;
  _Atomic int64_t t_go, hog_bytes, hog_first;
  _Atomic int64_t beats, beat_last, beat_max_gap, beat_max_at, beat_stall;
  struct slot slot[MAXPROC];
};
static struct shared *sh;
static struct slot *self;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * SEC + t.tv_nsec;
}
static void sleep_ns(int64_t ns) {
  struct timespec t = {ns / SEC, ns % SEC};
  while (nanosleep(&t, &t) && errno == EINTR) {}
}
static int read_file(const char *path, char *buf, int cap) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) { buf[0] = 0; return 0; }
  int n = read(fd, buf, cap - 1);
  close(fd);
  if (n < 0) n = 0;
  buf[n] = 0;
  return n;
}
static int64_t field(const char *buf, const char *key) {  // "key: 123" or "key 123"
  const char *p = strstr(buf, key);
  return p ? strtoll(p + strlen(key), 0, 10) : -1;
}
static int64_t mem_kib(const char *key) {
  char b[4096];
  read_file("/proc/meminfo", b, sizeof b);
  return field(b, key);
}
static uint64_t rnd(void) {
  static uint64_t s = 88172645463325252ull;
  s ^= s << 13; s ^= s >> 7; s ^= s << 17;
  return s;
}

// ---------------------------------------------------------------- workloads
static void enroll(const char *role) {
  int i = atomic_fetch_add(&sh->nproc, 1);
  if (i >= MAXPROC) _exit(3);
  self = &sh->slot[i];
  strncpy(self->role, role, sizeof self->role - 1);
  prctl(PR_SET_NAME, role);
  atomic_store(&self->pid, getpid());
}
static void wait_go(void) { while (!atomic_load(&sh->go)) sleep_ns(2 * MS); }
static char *grab(size_t n, int prot) {
  char *p = mmap(0, n, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) { perror("mmap"); exit(4); }
  return p;
}
static void dirty(char *p, size_t n) {  // a quarter of each page is incompressible
  for (size_t o = 0; o < n; o += 4096)
    for (int k = 0; k < 128; k++) ((uint64_t *)(p + o))[k] = rnd();
}
static void on_term(int s) {
  (void)s;
  int64_t none = 0;
  atomic_compare_exchange_strong(&self->sigterm, &none, now());
}
static void leak(int64_t mb_per_s, int64_t limit_mb) {  // mb_per_s 0: flat out
  const int64_t chunk = mb_per_s ? mb_per_s * 1048576 / 100 / 4096 * 4096 : 16 << 20;
  for (int64_t total = 0; !limit_mb || total < limit_mb << 20; total += chunk) {
    char *p = grab(chunk, PROT_READ | PROT_WRITE);
    if (mb_per_s) dirty(p, chunk);
    else for (int64_t o = 0; o < chunk; o += 4096) p[o] = 1;
    atomic_fetch_add(&sh->hog_bytes, chunk);
    if (mb_per_s) sleep_ns(10 * MS);
  }
}
static void do_beat(void) {
  const size_t buf = 8 << 20;
  char *p = grab(buf, PROT_READ | PROT_WRITE);
  dirty(p, buf);
  const size_t file = 32 << 20;  // stands for the program text and data it uses
  int fd = open("/opt/lab/blob", O_RDONLY);
  volatile char *f = fd < 0 ? MAP_FAILED : mmap(0, file, PROT_READ, MAP_SHARED, fd, 0);
  if (f == MAP_FAILED) { perror("blob"); exit(4); }
  for (size_t o = 0; o < file; o += 4096) (void)f[o];
  wait_go();
  int64_t last = now();
  atomic_store(&sh->beat_last, last);
  for (;;) {
    sleep_ns(10 * MS);
    for (int i = 0; i < 16; i++) p[rnd() % buf]++;
    for (int i = 0; i < 4; i++) (void)f[rnd() % file];
    char *q = grab(16384, PROT_READ | PROT_WRITE);
    q[0] = q[4096] = q[8192] = q[12288] = 1;
    munmap(q, 16384);
    int64_t t = now(), gap = t - last;
    if (gap > sh->beat_max_gap) { sh->beat_max_gap = gap; sh->beat_max_at = t; }
    if (gap > 20 * MS) sh->beat_stall += gap - 10 * MS;
    sh->beats++;
    atomic_store(&sh->beat_last, last = t);
  }
}
static void do_db(int64_t mb) {
  size_t n = mb << 20;
  char *p = grab(n, PROT_READ | PROT_WRITE);
  dirty(p, n);
  for (int64_t end = now() + SEC; now() < end;) rnd();
  for (;;) {
    for (int i = 0; i < 50; i++) p[rnd() % n]++;
    sleep_ns(20 * MS);
  }
}
static void do_thrash(int disk) {  // anon set > RAM, touched at random, plus file reads
  wait_go();
  int64_t bytes = (mem_kib("MemAvailable:") + mem_kib("SwapTotal:") * 2 / 5) << 10;
  char *p = grab(bytes, PROT_READ | PROT_WRITE), *io = grab(65536, PROT_READ | PROT_WRITE);
  sh->hog_first = now();
  for (int64_t o = 0; o < bytes; o += 1 << 20) {
    dirty(p + o, bytes - o < 1 << 20 ? bytes - o : 1 << 20);
    sh->hog_bytes += 1 << 20;
  }
  for (uint64_t i = 0;; i++) {
    p[rnd() % bytes]++;
    if (i % 8 == 0 && disk >= 0 && pread(disk, io, 65536, (off_t)(rnd() % 5000) << 16) < 0) perror("pread");
  }
}

static void do_idleset(int64_t percent) {  // written once, partly swapped out, then idle
  wait_go();
  int64_t bytes = (mem_kib("MemAvailable:") + mem_kib("SwapTotal:") * percent / 100) << 10;
  char *p = grab(bytes, PROT_READ | PROT_WRITE);
  sh->hog_first = now();
  for (int64_t o = 0; o + (1 << 20) <= bytes; o += 1 << 20) {
    dirty(p + o, 1 << 20);
    sh->hog_bytes += 1 << 20;
  }
  for (;;) pause();
}
static void compile(int64_t bytes) {  // dwells on each MiB, at the end looks at all again
  char *p = grab(bytes, PROT_READ | PROT_WRITE);
  for (int64_t o = 0; o + (1 << 20) <= bytes; o += 1 << 20) {
    dirty(p + o, 1 << 20);
    for (int i = 0; i < 20000; i++) p[o + (rnd() & 0xfffff)]++;
  }
  volatile char *look = p;
  for (int64_t o = 0; o < bytes; o += 4096) (void)look[o];
  _exit(0);
}
static void do_build(int64_t seconds) {  // four jobs at a time, larger than memory together
  wait_go();
  int64_t each = (mem_kib("MemAvailable:") + mem_kib("SwapTotal:") / 3) * 1024 / 4;
  sh->hog_first = now();
  int64_t end = now() + seconds * SEC;
  for (int running = 0; running || now() < end;) {
    for (; running < 4 && now() < end; running++) {
      uint64_t seed = rnd() ^ (uint64_t)now();
      if (!fork()) {
        prctl(PR_SET_NAME, "cc1");
        compile(each * (80 + (int64_t)(seed % 40)) / 100);
      }
      sleep_ns(200 * MS);
    }
    int st = 0;
    if (wait(&st) < 0) break;
    running--;
    sh->jobs++;
    if (WIFSIGNALED(st)) sh->jobs_killed++;
  }
  sh->hog_done = 1;
  for (;;) pause();
}
static void do_storm(int64_t seconds) {  // short-lived children as fast as it goes
  wait_go();
  int running = 0;
  for (int64_t end = now() + seconds * SEC; now() < end; running++) {
    if (running >= 32 && wait(0) > 0) running--;
    if (!fork()) {
      grab(65536, PROT_READ | PROT_WRITE)[0] = 1;
      _exit(0);
    }
    sh->jobs++;
  }
  while (wait(0) > 0) {}
  sh->ready = 1;
  for (;;) pause();
}
static char *segment(size_t n) {  // of shared memory
  char *p = mmap(0, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) { perror("mmap"); exit(4); }
  dirty(p, n);
  return p;
}
static void do_pg(int64_t n) {  // a common segment of 200 MiB
  const size_t seg = 200 << 20;
  char *p = segment(seg);
  for (int i = 0; i < n; i++) {
    if (fork()) continue;
    enroll("pg");
    for (size_t o = 0; o < seg; o += 4096) p[o]++;
    for (;;) { p[rnd() % seg]++; sleep_ns(20 * MS); }
  }
  for (;;) pause();
}
static void do_database(int64_t mb_per_s) {  // shared buffers, 4 backends, and one that leaks
  const size_t seg = 128 << 20;
  char *p = segment(seg);
  for (int i = 0, n = mb_per_s ? 5 : 4; i < n; i++) {
    if (fork()) continue;
    enroll(i < 4 ? "database" : "hog");
    for (size_t o = 0; o < seg; o += 4096) p[o]++;
    if (i == 4) { wait_go(); sh->hog_first = now(); }
    for (;;) {
      for (int k = 0; k < 50; k++) p[rnd() % seg]++;
      if (i == 4) leak(mb_per_s, 1); else sleep_ns(20 * MS);
    }
  }
  for (;;) pause();
}
static void do_workers(int64_t mb_per_s) {  // four that leak, below a master
  dirty(grab(20 << 20, PROT_READ | PROT_WRITE), 20 << 20);
  for (int i = 0; i < 4; i++) {
    if (fork()) continue;
    enroll("hog");
    wait_go();
    sh->hog_first = now();
    leak(mb_per_s / 4, 0);
  }
  for (;;) pause();
}
static void do_family(int64_t mb) {  // preloaded: nine map the same pages, copy-on-write
  dirty(grab(mb << 20, PROT_READ | PROT_WRITE), mb << 20);
  for (int i = 0; i < 8; i++) if (!fork()) { enroll("family"); break; }
  for (;;) pause();
}
static void do_copies(int64_t mb) {  // a preloaded parent whose eight children come to write it all
  char *p = grab(mb << 20, PROT_READ | PROT_WRITE);
  dirty(p, mb << 20);
  for (int i = 0; i < 8; i++) {
    if (fork()) continue;
    enroll("hog");
    wait_go();
    sh->hog_first = now();
    for (int64_t o = 0; o < mb << 20; o += 4096) {
      p[o]++;
      if (o % (256 << 10) == 0) sleep_ns(20 * MS);
    }
    break;
  }
  for (;;) pause();
}
static void do_save(int64_t mb) {  // a store that writes on while a fork of it saves, as Redis does
  char *p = grab(mb << 20, PROT_READ | PROT_WRITE);
  dirty(p, mb << 20);
  wait_go();
  sh->hog_first = now();
  if (!fork()) { enroll("hog"); for (;;) pause(); }
  for (int64_t o = 0;; o = (o + 4096) % (mb << 20)) {
    p[o]++;
    if (o % (1 << 20) == 0) sleep_ns(10 * MS);
  }
}
static void rename_to(const char *stem, int i) {
  char name[16];
  snprintf(name, sizeof name, "%s-%d", stem, i);
  prctl(PR_SET_NAME, name);
}
static void do_pool(int64_t mb, int named) {  // thirty workers of a server, each of which grows a little
  for (int i = 0; i < 30; i++) {
    if (fork()) continue;
    enroll("hog");
    if (named) rename_to("worker", i);
    dirty(grab(10 << 20, PROT_READ | PROT_WRITE), 10 << 20);
    wait_go();
    sh->hog_first = now();
    for (int64_t grown = 0; grown < mb; grown++) {
      dirty(grab(1 << 20, PROT_READ | PROT_WRITE), 1 << 20);
      sleep_ns(500 * MS);
    }
    break;
  }
  for (;;) pause();
}
static void do_slow(int64_t mb) {  // much at once, then 50 KiB/s
  dirty(grab(mb << 20, PROT_READ | PROT_WRITE), mb << 20);
  sh->hog_bytes = mb << 20;
  sh->hog_first = now();
  for (;; sh->hog_bytes += 100 << 10) {
    sleep_ns(2 * SEC);
    dirty(grab(100 << 10, PROT_READ | PROT_WRITE), 100 << 10);
  }
}
static void do_tmpfs(int64_t mb_per_s, int64_t left_kib) {  // fills it until so much is available
  int64_t chunk = mb_per_s * 1048576 / 100 / 4096 * 4096;
  char *p = grab(chunk, PROT_READ | PROT_WRITE);
  dirty(p, chunk);
  wait_go();
  int fd = open("/dev/shm/fill", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) { perror("/dev/shm/fill"); exit(4); }
  int64_t left = (mem_kib("MemAvailable:") - left_kib) << 10, most = mem_kib("MemTotal:") * 95 / 100 << 10;
  for (left = left < most ? left : most; left > 0 && write(fd, p, chunk) == chunk; left -= chunk) sleep_ns(10 * MS);
  sh->hog_done = 1;
  for (;;) pause();
}
static void *leak_on_go(void *mb_per_s) {
  wait_go();
  sh->hog_first = now();
  leak((intptr_t)mb_per_s, 0);
  return 0;
}
static int leak_in_clone(void *mb_per_s) {
  enroll("hog");
  leak_on_go(mb_per_s);
  return 0;
}
static void do_thread(int64_t mb_per_s) {  // its leader exits and shows as a zombie
  pthread_t t;
  if (pthread_create(&t, 0, leak_on_go, (void *)(intptr_t)mb_per_s)) exit(4);
  pthread_exit(0);
}
static void do_vm(int64_t mb_per_s, int flags) {  // two processes, one memory
  char *stack = grab(65536, PROT_READ | PROT_WRITE);
  if (clone(leak_in_clone, stack + 65536, CLONE_VM | SIGCHLD | flags, (void *)(intptr_t)mb_per_s) < 0) { perror("clone"); exit(4); }
  for (;;) pause();
}
static void leak_shared(int64_t mb_per_s) {
  const int64_t chunk = mb_per_s * 1048576 / 100 / 4096 * 4096;
  int fd = memfd_create("leak", MFD_CLOEXEC);
  for (int64_t o = 0;; o += chunk) {
    if (ftruncate(fd, o + chunk)) { perror("ftruncate"); exit(4); }
    char *p = mmap(0, chunk, PROT_READ | PROT_WRITE, MAP_SHARED, fd, o);
    if (p == MAP_FAILED) { perror("mmap"); exit(4); }
    dirty(p, chunk);
    atomic_fetch_add(&sh->hog_bytes, chunk);
    sleep_ns(10 * MS);
  }
}
// What takes memory that is in no private memory of a process.
static void pace(int64_t mb_per_s) { if (mb_per_s) sleep_ns(SEC / mb_per_s); }  // after each MiB
static char *mapped(size_t n) {  // shared, sparse
  char *p = mmap(0, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) { perror("mmap"); exit(4); }
  return p;
}
static void do_files(int64_t mb_per_s, int fd) {  // files of 1 MiB in a tmpfs, or one that has no name
  static char mib[1 << 20];
  dirty(mib, sizeof mib);
  for (int i = 0;; i++) {
    char path[64];
    snprintf(path, sizeof path, "/dev/shm/hog-%d", i);
    int to = fd < 0 ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : fd;
    if (to < 0 || write(to, mib, sizeof mib) != sizeof mib) break;
    if (fd < 0) close(to);
    sh->hog_bytes += sizeof mib;
    pace(mb_per_s);
  }
  for (;;) pause();
}
static void do_shell(void) {  // which writes nothing itself; some 40 MB/s
  execl("/bin/sh", "sh", "-c", "while i=$((i + 1)); do head -c 1048576 /dev/zero > /dev/shm/hog-$i; sleep 0.02; done", (char *)0);
  exit(4);
}
static void do_sockets(int64_t mb_per_s) {  // what it sends nothing reads
  static char text[32 << 10];
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  for (int s[2]; !socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s);)
    for (int end = 0; end < 2; end++)
      while (write(s[end], text, sizeof text) > 0)
        if ((sh->hog_bytes += sizeof text) % (1 << 20) == 0) pace(mb_per_s);
  for (;;) pause();
}
static void do_pagetables(int64_t mb_per_s) {  // forty touch the same pages, one of each 2 MiB: a page table each
  const size_t n = (size_t)32 << 30, step = 2 << 20;
  char *p = mapped(n);
  for (int i = 0; i < 40; i++) {
    if (fork()) continue;
    enroll("hog");
    wait_go();
    sh->hog_first = now();
    for (size_t o = 0; o < n; o += step) {
      p[o]++;
      if (o / step % 256 == 255) pace(mb_per_s / 40);
    }
    break;
  }
  for (;;) pause();
}
static void do_buffers(int64_t mb_per_s) {  // five backends fill common buffers, and grow by half as much together
  const int64_t n = (int64_t)2 << 30;
  char *p = mapped(n);
  for (int i = 0; i < 5; i++) {
    if (fork()) continue;
    enroll("hog");
    wait_go();
    sh->hog_first = now();
    for (int64_t o = 0; o < n; o += 1 << 20) {
      for (int64_t k = 0; k < 1 << 20; k += 4096) p[o + k]++;
      dirty(grab(100 << 10, PROT_READ | PROT_WRITE), 100 << 10);
      pace(mb_per_s);
    }
    break;
  }
  for (;;) pause();
}
static void do_touch(int64_t n) {  // workers that map and touch the same 256 MiB
  const size_t seg = 256 << 20;
  char *p = segment(seg);
  wait_go();
  sh->hog_first = now();
  for (int64_t i = 0; i < n; i++) {
    if (!fork()) {
      enroll("hog");
      for (size_t o = 0; o < seg; o += 4096) p[o]++;
      for (;;) pause();
    }
    sleep_ns(5 * MS);
  }
  sh->hog_done = 1;
  for (;;) pause();
}
static void leak_until(int64_t mb_per_s, int64_t permille) {  // so much of all is available
  while (mem_kib("MemAvailable:") * 1000 > mem_kib("MemTotal:") * permille) leak(mb_per_s, 1);
}
static void do_exempt(int64_t permille) {
  wait_go();
  leak_until(100, permille);
  sh->hog_done = 1;
  for (;;) pause();
}
static void do_late(int64_t mb_per_s) {  // takes nearly all; goes on when the daemon has started
  leak_until(200, 48);
  sh->ready = 1;
  while (access("/run/lab/started", F_OK)) sleep_ns(2 * MS);
  leak(mb_per_s, 0);
}
static void do_hugepages(int64_t permille) {  // reserves them until so much of the rest is available
  wait_go();
  for (int64_t n = 2, got = -1;; n += 2) {
    FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");
    if (!f || fprintf(f, "%ld", n) < 0 || fclose(f)) { perror("nr_hugepages"); exit(4); }
    if (mem_kib("HugePages_Total:") == got) break;
    got = mem_kib("HugePages_Total:");
    if (mem_kib("MemAvailable:") * 1000 < (mem_kib("MemTotal:") - mem_kib("Hugetlb:")) * permille) break;
    sleep_ns(20 * MS);
  }
  sh->hog_done = 1;
  for (;;) pause();
}
static void do_preload(int64_t n) {  // as a Python process that forks without exec: all seem to hold its heap
  const size_t heap = 10 << 20;
  char *p = grab(heap, PROT_READ | PROT_WRITE);
  dirty(p, heap);
  for (int64_t i = 0; i < n; i++) {
    if (fork()) continue;
    dirty(p, 128 << 10);
    break;
  }
  sh->ready = 1;
  for (;;) pause();
}
static void do_cgloop(void) {  // of a cgroup with a limit, above which its children go again and again
  for (;; sleep_ns(100 * MS)) {
    if (!fork()) { dirty(grab(16 << 20, PROT_READ | PROT_WRITE), 16 << 20); _exit(0); }
    wait(0);
  }
}
static void do_cgroups(int64_t n) {  // of a user who may make them (Delegate=yes)
  char own[512], path[600];
  read_file("/proc/self/cgroup", own, sizeof own);
  char *at = strchr(own, '/');
  if (!at) exit(4);
  *strchrnul(at, '\n') = 0;
  for (int64_t i = 0; i < n; i++) {
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/%ld", at, i);
    if (mkdir(path, 0755)) { perror(path); exit(4); }
  }
  sh->ready = 1;
  for (;;) pause();
}
static void do_cmdlines(const char *count) {  // children with a long command line each, in pages that all share
  static char text[32 << 10];
  memset(text, 'x', sizeof text - 1);
  execl("/opt/lab/oomlab", "oomlab", "forks", count, text, (char *)0);
  exit(4);
}
static _Noreturn void forks(int64_t n) {
  while (n-- > 0) if (!fork()) break;
  if (n < 0) sh->ready = 1;
  for (;;) pause();
}
static int execs(void) {  // for ever, out of 16 MiB each time
  setpriority(PRIO_PROCESS, 0, 19);
  dirty(grab(16 << 20, PROT_READ | PROT_WRITE), 16 << 20);
  execl("/opt/lab/oomlab", "oomlab", "execs", (char *)0);
  return 4;
}
static int stall(void) {  // for two seconds, where memory.high is less, as a start that fails
  char *p = grab(64 << 20, PROT_READ | PROT_WRITE);
  for (int64_t end = now() + 2 * SEC; now() < end;)
    for (int64_t o = 0; o < 64 << 20 && now() < end; o += 4096) p[o]++;
  return 1;
}
static void reserve(int64_t reserved_mb, int64_t used_mb) {
  grab(reserved_mb << 20, PROT_NONE);
  dirty(grab(used_mb << 20, PROT_READ | PROT_WRITE), used_mb << 20);
  for (;;) pause();
}
static void burn(int64_t seconds) {  // CPU time, for a process that looks long-lived
  struct timespec t;
  do {
    for (int i = 0; i < 1000; i++) rnd();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  } while (t.tv_sec < seconds);
}
static void do_old(int64_t mb) {
  burn(40);
  dirty(grab(mb << 20, PROT_READ | PROT_WRITE), mb << 20);
  sh->ready = 1;
  for (;;) pause();
}
static void do_pusher(int64_t mb) {  // a JVM that grows a little
  grab((size_t)3 << 30, PROT_NONE);
  dirty(grab(20 << 20, PROT_READ | PROT_WRITE), 20 << 20);
  wait_go();
  leak(20, mb);
  sh->hog_done = 1;
  for (;;) pause();
}
static const char *name_of(const char *role) {  // under which it is enrolled
  static const char *const name[][2] = {
    {"hog-fork", "forker"}, {"hog-orphans", "forker"}, {"hog-backend", "database"}, {"hog-workers", "master"}, {"hog-copies", "master"}, {"hog-pool", "master"}, {"hog-named", "master"}, {"hog-pagetables", "master"}, {"hog-buffers", "master"},
    {"hog-touch", "forker"}, {"hog-save", "store"}, {"tmpfs", "filler"}, {"hog", "hog"}};
  for (size_t i = 0; i < sizeof name / sizeof *name; i++)
    if (!strncmp(role, name[i][0], strlen(name[i][0]))) return name[i][1];
  return role;
}
static int workload(const char *role, int64_t arg) {
  int hog = !strncmp(role, "hog", 3);
  enroll(name_of(role));
  if (!strcmp(role, "sshd")) for (;;) pause();
  if (!strcmp(role, "beat")) do_beat();
  if (!strcmp(role, "db")) do_db(300);
  if (!strcmp(role, "sleepers")) {
    for (int i = 0; i < arg; i++) if (!fork()) for (;;) pause();
    for (;;) pause();
  }
  if (!strcmp(role, "jvm")) reserve(64 << 10, arg ? arg : 4);  // Go, JVM, ASan
  if (!strcmp(role, "java")) reserve(3 << 10, arg ? arg : 140);
  if (!strcmp(role, "node")) reserve(11 << 10, arg ? arg : 75);
  if (!strcmp(role, "database")) do_database(0);
  if (!strcmp(role, "family")) do_family(arg);
  if (!strcmp(role, "old")) do_old(arg);
  if (!strcmp(role, "pusher")) do_pusher(arg);
  if (!strcmp(role, "tmpfs")) do_tmpfs(arg, 95 << 10);
  if (!strcmp(role, "tmpfs-low")) do_tmpfs(arg, mem_kib("MemTotal:") / 25);
  if (!strcmp(role, "sidecar")) reserve(16, arg);
  if (!strcmp(role, "young")) {
    for (int i = 1; i < arg; i++) if (!fork()) { enroll(role); reserve(200, 8); }
    reserve(200, 8);
  }
  if (!strcmp(role, "idleset")) do_idleset(arg);
  if (!strcmp(role, "build")) do_build(arg);
  if (!strcmp(role, "storm")) do_storm(arg);
  if (!strcmp(role, "pg")) do_pg(arg);
  if (!strcmp(role, "cgleak")) {  // just before the trigger: its cgroup has a limit
    while (mem_kib("MemAvailable:") * 100 > mem_kib("MemTotal:") * arg) sleep_ns(2 * MS);
    leak(0, 0);
  }
  if (!strcmp(role, "store")) { segment(arg << 20); for (;;) pause(); }
  if (!strcmp(role, "exempt")) do_exempt(arg);
  if (!strcmp(role, "hugepages")) do_hugepages(arg);
  if (!strcmp(role, "preload")) do_preload(arg);
  if (!strcmp(role, "cgloop")) do_cgloop();
  if (!strcmp(role, "cgroups")) do_cgroups(arg);
  if (!strcmp(role, "spin")) for (setpriority(PRIO_PROCESS, 0, 19);;) rnd();
  if (!strcmp(role, "hog-thrash")) do_thrash(open("/dev/nvme0n1", O_RDONLY));
  int orphans = !strcmp(role, "hog-orphans");  // their parents exit
  if (orphans || !strcmp(role, "hog-fork")) {
    wait_go();
    sh->hog_first = now();
    for (int i = 0; i < 200; i++) {
      if (!fork()) {
        if (orphans && fork()) _exit(0);
        enroll("hog");
        leak(20, arg);
        for (;;) pause();
      }
      if (orphans) wait(0);
      sleep_ns(5 * MS);
    }
    sh->hog_done = 1;
    for (;;) pause();
  }
  if (!strcmp(role, "hog-backend")) do_database(arg);
  if (!strcmp(role, "hog-workers")) do_workers(arg);
  if (!strcmp(role, "hog-copies")) do_copies(arg);
  if (!strcmp(role, "hog-pool")) do_pool(arg, 0);
  if (!strcmp(role, "hog-named")) do_pool(arg, 1);
  if (!strcmp(role, "hog-pagetables")) do_pagetables(arg);
  if (!strcmp(role, "hog-buffers")) do_buffers(arg);
  if (!strcmp(role, "hog-touch")) do_touch(arg);
  if (!strcmp(role, "hog-save")) do_save(arg);
  if (!strcmp(role, "hog-slow")) do_slow(arg);
  if (!strcmp(role, "hog-thread")) do_thread(arg);
  if (!strcmp(role, "hog-vm")) do_vm(arg, 0);
  if (!strcmp(role, "hog-vfork")) do_vm(arg, CLONE_VFORK);
  if (!hog) return 2;
  if (!strcmp(role, "hog-stuck")) signal(SIGTERM, on_term);
  if (!strcmp(role, "hog-old")) { burn(arg); sh->ready = 1; }
  if (!strcmp(role, "hog-late")) do_late(arg);
  if (!strcmp(role, "hog-store")) { prctl(PR_SET_NAME, "store"); segment(100 << 20); }
  if (!strcmp(role, "hog-locked") && mlockall(MCL_CURRENT | MCL_FUTURE)) { perror("mlockall"); exit(4); }
  wait_go();
  sh->hog_first = now();
  if (!strcmp(role, "hog-memfd") || !strcmp(role, "hog-store")) leak_shared(arg);
  if (!strcmp(role, "hog-shm")) do_files(arg, -1);
  if (!strcmp(role, "hog-unmapped")) do_files(arg, memfd_create("unmapped", MFD_CLOEXEC));
  if (!strcmp(role, "hog-shell")) do_shell();
  if (!strcmp(role, "hog-sockets")) do_sockets(arg);
  leak(!strcmp(role, "hog-old") ? 20 : arg, 0);  // hog-burst has rate 0
  return 0;
}

// ------------------------------------------------------------- other commands
static void realtime(int priority) {
  struct sched_param sp = {.sched_priority = priority};
  mlockall(MCL_CURRENT | MCL_FUTURE);
  sched_setscheduler(0, SCHED_FIFO, &sp);
}
static int is_hog(const struct slot *s) { return !strcmp(s->role, "hog") || !strcmp(s->role, "forker"); }

static int sniper(int pid) {
  realtime(60);
  for (;; sleep_ns(2 * MS)) {
    int n = atomic_load(&sh->nproc);
    for (int i = 0; i < n && i < MAXPROC; i++) {
      if (!is_hog(&sh->slot[i]) || !sh->slot[i].pid) continue;
      char path[64], b[4096];
      snprintf(path, sizeof path, "/proc/%d/status", sh->slot[i].pid);
      read_file(path, b, sizeof b);
      // Pending until it runs, then gone with the memory map, which is freed last.
      const char *pending = strstr(b, "\nSigPnd:");
      if (!pending || (!(strtoull(pending + 8, 0, 16) & 0x100) && strstr(b, "\nVmSize:"))) continue;
      kill(pid, SIGKILL);
      printf("shot %d at %ld us, MemAvailable %ld KiB\n", pid, now() / US, mem_kib("MemAvailable:"));
      return 0;
    }
  }
}
static int again(void) {
  int n = 0;
  for (int i = 0; i < MAXPROC && i < sh->nproc; i++)
    if (sh->slot[i].pid && !is_hog(&sh->slot[i]) && !kill(sh->slot[i].pid, 0)) {
      sh->slot[n] = sh->slot[i];
      sh->slot[n++].died = 0;
    }
  memset(sh->slot + n, 0, (MAXPROC - n) * sizeof *sh->slot);
  sh->go = sh->hog_done = sh->ready = 0;
  sh->nproc = n;
  sh->hog_bytes = sh->hog_first = sh->beat_max_gap = sh->beat_stall = 0;
  return 0;
}
static int fill_journal(void) {
  struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), n = 0;
  char text[] = "MESSAGE=fill\nPRIORITY=7\n";
  while (sendto(fd, text, sizeof text - 1, 0, (struct sockaddr *)&to, sizeof to) > 0) n++;
  printf("%d entries, then: %s\n", n, strerror(errno));
  return errno != EAGAIN;
}
static int failed(const char *what, int bad) {
  if (bad) printf("forbidden: %s: %s\n", what, strerror(errno));
  return !!bad;
}
static int probe(int pid) {
  char path[64], b[64];
  int bad = 0, fd = syscall(SYS_pidfd_open, pid, 0);
  bad += failed("pidfd_open", fd < 0);
  bad += failed("pidfd_send_signal", syscall(SYS_pidfd_send_signal, fd, SIGCONT, 0, 0) < 0);
  // Of a process that is not being killed: EINVAL, or nothing has looked at it.
  bad += failed("process_mrelease", syscall(SYS_process_mrelease, fd, 0) == 0 || errno != EINVAL);
  bad += failed("kcmp", syscall(SYS_kcmp, getpid(), pid, KCMP_VM, 0, 0) < 0);
  snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
  bad += failed("ns/user", readlink(path, b, sizeof b) < 0);
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  bad += failed("exe", readlink(path, b, sizeof b) < 0);
  bad += failed("mlockall", mlockall(MCL_CURRENT | MCL_FUTURE) < 0);
  fd = open("/proc/pressure/memory", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  const char trigger[] = "some 100000 1000000";
  bad += failed("PSI trigger", fd < 0 || write(fd, trigger, sizeof trigger) < 0);
  struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
  fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  bad += failed("journal", sendto(fd, "MESSAGE=probe\n", 14, 0, (struct sockaddr *)&to, sizeof to) < 0);
  fd = open("/run/badnessd/probe", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  bad += failed("/run/badnessd", fd < 0 || unlink("/run/badnessd/probe") < 0);
  if (!bad) printf("all permitted\n");
  return bad != 0;
}

// -------------------------------------------------------------------- agent
struct sample { int64_t t, avail, free, swap, some, full; };
static struct sample samp[MAXSAMP];
static int64_t oom_kills(int fd) {
  static char b[16384];
  int n = pread(fd, b, sizeof b - 1, 0);
  b[n > 0 ? n : 0] = 0;
  return field(b, "\noom_kill ");
}
static int64_t rel_ms(int64_t t) { return t ? (t - sh->t_go) / MS : -1; }
static int by_death(const void *a, const void *b) {
  const struct slot *x = &sh->slot[*(const int *)a], *y = &sh->slot[*(const int *)b];
  return x->died < y->died ? -1 : x->died > y->died;
}
static FILE *out(const char *base, const char *end) {
  char path[300];
  snprintf(path, sizeof path, "%s.%s", base, end);
  FILE *f = fopen(path, "w");
  if (!f) { perror(path); exit(1); }
  return f;
}

static int agent(const char *base, int64_t limit_s, int64_t linger_s) {
  realtime(50);
  memset(samp, 0, sizeof samp);
  int ep = epoll_create1(EPOLL_CLOEXEC);
  int fd_mem = open("/proc/meminfo", O_RDONLY), fd_vm = open("/proc/vmstat", O_RDONLY);
  int fd_psi = open("/proc/pressure/memory", O_RDONLY);
  int64_t total = mem_kib("MemTotal:"), swap_total = mem_kib("SwapTotal:");
  int64_t oom0 = oom_kills(fd_vm), oom_last = oom0, t_oom = 0, avail_min = total, swap_min = swap_total, avail_go = 0;
  const int pct[5] = {20, 10, 5, 2, 1};
  int64_t cross[5] = {0}, agent_gap = 0, t_end = 0, all_dead = 0, low_ns = 0;
  int64_t trigger = 0, trigger_before = 0, next_samp = 0;
  int known = 0, n = 0, hogs = 0, hogs_dead = 0, timed_out = 0, last_deaths = 0;
  int64_t last_death = 0, first_hog_death = 0, some0 = 0, full0 = 0;

  sleep_ns(300 * MS);
  int64_t t = now(), prev = t, next = t;
  sh->t_go = t;
  sh->go = 1;
  for (int fine = 0;;) {
    next += fine ? FINE_NS : TICK_NS;
    struct timespec ts = {next / SEC, next % SEC};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, 0);
    t = now();
    if (t - prev > agent_gap) agent_gap = t - prev;
    if (t > next + TICK_NS) next = t;

    char b[4096];
    int len = pread(fd_mem, b, sizeof b - 1, 0);
    b[len > 0 ? len : 0] = 0;
    int64_t avail = field(b, "MemAvailable:"), swap = field(b, "SwapFree:");
    if (!avail_go) avail_go = avail;
    if (avail < avail_min) avail_min = avail;
    if (swap < swap_min) swap_min = swap;
    if (avail * 20 < total) low_ns += t - prev;
    // The condition of the usual trigger: the last time that it did not hold, and
    // the first that it did. A look each millisecond only up to there: it takes
    // time from those who act.
    if (!trigger && avail * 20 < total && swap * 10 <= swap_total) { trigger = t; trigger_before = prev; }
    fine = !trigger && avail * 100 < total * 8 && swap * 100 <= swap_total * 20;
    prev = t;
    for (int i = 0; i < 5; i++) if (!cross[i] && avail * 100 < total * pct[i]) cross[i] = t;

    for (int np = atomic_load(&sh->nproc); known < np && known < MAXPROC && atomic_load(&sh->slot[known].pid); known++) {
      struct slot *s = &sh->slot[known];
      if (is_hog(s)) hogs++;
      struct epoll_event ev = {.events = EPOLLIN, .data.u32 = known};
      int fd = syscall(SYS_pidfd_open, s->pid, 0);
      if (fd < 0) { s->died = t; if (is_hog(s)) hogs_dead++; }
      else epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
    }
    struct epoll_event ev[64];
    for (int i = epoll_wait(ep, ev, 64, 0) - 1; i >= 0; i--) {
      struct slot *s = &sh->slot[ev[i].data.u32];
      if (s->died) continue;
      s->died = last_death = t;
      last_deaths++;
      if (is_hog(s)) { hogs_dead++; if (!first_hog_death) first_hog_death = t; }
    }
    if (t >= next_samp && n < MAXSAMP) {
      next_samp = t + 2 * TICK_NS - MS;
      int64_t k = oom_kills(fd_vm);
      if (k > oom_last && !t_oom) t_oom = t;
      oom_last = k;
      char p[256];
      len = pread(fd_psi, p, sizeof p - 1, 0);
      p[len > 0 ? len : 0] = 0;
      char *full = strstr(p, "full");
      struct sample *s = &samp[n++];
      *s = (struct sample){t, avail, field(b, "MemFree:"), swap, field(p, "total="), full ? field(full, "total=") : 0};
      if (n == 1) { some0 = s->some; full0 = s->full; }
    }
    if (hogs && hogs_dead == hogs && !all_dead) all_dead = t;
    int settled = sh->hog_done && last_death && t - last_death > 5 * SEC && avail * 100 > total * 10;
    int idle = sh->hog_done && !last_death && t - sh->t_go > 15 * SEC;
    timed_out = t - sh->t_go > limit_s * SEC;
    if ((all_dead && t - all_dead > linger_s * SEC) || settled || idle || timed_out) break;
  }
  t_end = now();
  int64_t gap = t_end - sh->beat_last;  // a heartbeat still stalled at the end
  for (int i = 0; i < known; i++) if (!strcmp(sh->slot[i].role, "beat") && sh->slot[i].died) gap = 0;
  if (!sh->beat_last) gap = 0;
  if (gap > sh->beat_max_gap) { sh->beat_max_gap = gap; sh->beat_max_at = t_end; }
  if (gap > 20 * MS) sh->beat_stall += gap - 10 * MS;

  oom_last = oom_kills(fd_vm);
  FILE *f = out(base, "json");
  fprintf(f, "{\"total_kib\":%ld,\"swap_kib\":%ld,\"avail_go_kib\":%ld,\"avail_min_kib\":%ld,\"swap_min_kib\":%ld,",
          total, swap_total, avail_go, avail_min, swap_min);
  fprintf(f, "\"t_go_us\":%ld,\"t_end_us\":%ld,\"trigger_us\":%ld,\"trigger_before_us\":%ld,\"all_dead_us\":%ld,",
          sh->t_go / US, t_end / US, trigger / US, trigger_before / US, all_dead / US);
  fprintf(f, "\"hog_first_ms\":%ld,\"hog_mib\":%ld,\"hogs\":%d,\"hogs_dead\":%d,\"first_hog_death_ms\":%ld,\"all_dead_ms\":%ld,",
          rel_ms(sh->hog_first), sh->hog_bytes >> 20, hogs, hogs_dead, rel_ms(first_hog_death), rel_ms(all_dead));
  for (int i = 0; i < 5; i++) fprintf(f, "\"cross%d_ms\":%ld,", pct[i], rel_ms(cross[i]));
  fprintf(f, "\"low_ms\":%ld,\"deaths\":%d,\"timed_out\":%d,\"end_ms\":%ld,\"kernel_oom_kills\":%ld,\"t_kernel_oom_ms\":%ld,",
          low_ns / MS, last_deaths, timed_out, rel_ms(t_end), oom_last - oom0, rel_ms(t_oom));
  fprintf(f, "\"beats\":%ld,\"beat_max_gap_ms\":%ld,\"beat_max_at_ms\":%ld,\"beat_stall_ms\":%ld,\"agent_gap_ms\":%ld,",
          sh->beats, sh->beat_max_gap / MS, rel_ms(sh->beat_max_at), sh->beat_stall / MS, agent_gap / MS);
  fprintf(f, "\"jobs\":%d,\"jobs_killed\":%d,\"psi_some_ms\":%ld,\"psi_full_ms\":%ld,\"procs\":[", sh->jobs, sh->jobs_killed,
          (samp[n - 1].some - some0) / 1000, (samp[n - 1].full - full0) / 1000);
  for (int i = 0; i < known; i++) {
    struct slot *s = &sh->slot[i];
    fprintf(f, "%s\n{\"pid\":%d,\"role\":\"%s\",\"died_ms\":%ld,\"sigterm_ms\":%ld}", i ? "," : "", s->pid, s->role,
            rel_ms(s->died), rel_ms(s->sigterm));
  }
  fprintf(f, "]}\n");
  fclose(f);
  f = out(base, "csv");
  fprintf(f, "ms,avail_kib,free_kib,swapfree_kib,psi_some_us,psi_full_us\n");
  for (int i = 0; i < n; i++)
    fprintf(f, "%ld,%ld,%ld,%ld,%ld,%ld\n", rel_ms(samp[i].t), samp[i].avail, samp[i].free, samp[i].swap, samp[i].some, samp[i].full);
  fclose(f);
  f = out(base, "died");
  static int order[MAXPROC];
  for (int i = 0; i < known; i++) order[i] = i;
  qsort(order, known, sizeof *order, by_death);
  for (int i = 0; i < known; i++) {
    const struct slot *s = &sh->slot[order[i]];
    if (s->died) fprintf(f, "%s %d %ld\n", s->role, s->pid, rel_ms(s->died));
  }
  fclose(f);
  for (int i = 0; i < known; i++) if (is_hog(&sh->slot[i]) && !sh->slot[i].died) kill(sh->slot[i].pid, SIGKILL);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  if (!strcmp(argv[1], "fill-journal")) return fill_journal();
  if (!strcmp(argv[1], "probe")) return argc < 3 ? 2 : probe(atoi(argv[2]));
  int fd = open("/run/lab/shm", O_RDWR | O_CLOEXEC);
  if (fd < 0) { perror("/run/lab/shm"); return 1; }
  sh = mmap(0, sizeof *sh, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (sh == MAP_FAILED) { perror("mmap"); return 1; }
  if (!strcmp(argv[1], "agent")) return argc < 4 ? 2 : agent(argv[2], atoll(argv[3]), argc < 5 ? 1 : atoll(argv[4]));
  if (!strcmp(argv[1], "sniper")) return argc < 3 || atoi(argv[2]) < 2 ? 2 : sniper(atoi(argv[2]));
  if (!strcmp(argv[1], "again")) return again();
  if (!strcmp(argv[1], "cmdlines")) do_cmdlines(argc < 3 ? "1" : argv[2]);
  if (!strcmp(argv[1], "forks")) forks(argc < 3 ? 1 : atoll(argv[2]));
  if (!strcmp(argv[1], "execs")) return execs();
  if (!strcmp(argv[1], "stall")) return stall();
  if (!strcmp(argv[1], "await")) {
    while (!sh->ready) sleep_ns(50 * MS);
    return 0;
  }
  char *arg = strchr(argv[1], ':');
  if (arg) *arg++ = 0;
  return workload(argv[1], arg ? atoll(arg) : 0);
}
