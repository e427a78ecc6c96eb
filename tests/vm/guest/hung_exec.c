// SPDX-License-Identifier: GPL-2.0-only
// usage: hung_exec [COMMAND ARGUMENT...]
// Makes a process whose exec hangs, as any user can with a FUSE file system: a
// child with CLONE_VM executes a program, while one thread of the memory waits
// for a page of a file that never comes, and another for the mmap lock. Tells
// which files of it can be read within a second, by a reader of the same user;
// or runs COMMAND beside it. Needs root and /dev/fuse; as init of an initramfs
// it loads /fuse.ko first.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const kRoot = "/tmp/hung_exec";
static int fuse;

static void reply(const struct fuse_in_header *to, int error, const void *data,
                  size_t size) {
  char text[512];
  struct fuse_out_header head = {.len = (uint32_t)(sizeof head + size),
                                 .error = error,
                                 .unique = to->unique};
  memcpy(text, &head, sizeof head);
  memcpy(text + sizeof head, data, size);
  if (write(fuse, text, head.len) < 0) perror("reply");
}

static struct fuse_attr attributes(uint64_t node) {
  struct fuse_attr it = {.ino = node, .nlink = 1, .blksize = 4096};
  it.size = node == 2 ? 1 << 20 : 0;
  it.mode = node == 2 ? S_IFREG | 0666 : S_IFDIR | 0777;
  return it;
}

// A file system with one file, `f`, whose pages never come.
static void serve(void) {
  static char text[1 << 18];
  for (;;) {
    if (read(fuse, text, sizeof text) < 0) {
      if (errno == EINTR || errno == ENOENT) continue;
      _exit(0);
    }
    const struct fuse_in_header *in = (const void *)text;
    struct fuse_init_out init = {.major = 7, .minor = 31, .max_write = 4096};
    struct fuse_entry_out entry = {.nodeid = 2, .entry_valid = 1000,
                                   .attr_valid = 1000, .attr = attributes(2)};
    struct fuse_attr_out attr = {.attr_valid = 1000,
                                 .attr = attributes(in->nodeid)};
    struct fuse_open_out open_file = {.fh = 1};
    switch (in->opcode) {
      case FUSE_INIT: reply(in, 0, &init, sizeof init); break;
      case FUSE_LOOKUP: reply(in, 0, &entry, sizeof entry); break;
      case FUSE_GETATTR: reply(in, 0, &attr, sizeof attr); break;
      case FUSE_OPEN: case FUSE_OPENDIR:
        reply(in, 0, &open_file, sizeof open_file); break;
      case FUSE_RELEASE: case FUSE_RELEASEDIR: reply(in, 0, "", 0); break;
      case FUSE_READ: case FUSE_FLUSH: case FUSE_FORGET:
      case FUSE_BATCH_FORGET: case FUSE_INTERRUPT: break;
      default: reply(in, -ENOSYS, "", 0);
    }
  }
}

static char *page;
static volatile int go;

static int execs(void *unused) {
  (void)unused;
  while (go < 2) usleep(1000);
  char *arguments[] = {(char *)"/proc/self/exe", (char *)"-", 0};
  execv(arguments[0], arguments);
  _exit(1);
}

static void *reads(void *unused) {
  char byte;
  const int memory = open("/proc/self/mem", O_RDONLY);
  if (pread(memory, &byte, 1, (off_t)page) < 0) perror("mem");
  return unused;
}

static void *maps(void *unused) {
  while (go < 1) usleep(1000);
  mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return unused;
}

// Tells the pid of the child through `out`.
static void hang(int out) {
  char path[64];
  snprintf(path, sizeof path, "%s/f", kRoot);
  page = mmap(0, 4096, PROT_READ, MAP_PRIVATE, open(path, O_RDONLY), 0);
  char *stack = mmap(0, 65536, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const int child = clone(execs, stack + 65536, CLONE_VM | SIGCHLD, 0);
  pthread_t thread;
  pthread_create(&thread, 0, maps, 0);
  pthread_create(&thread, 0, reads, 0);
  if (write(out, &child, sizeof child) < 0) _exit(1);
  usleep(300000);
  go = 1;
  usleep(300000);
  go = 2;
  for (;;) pause();
}

// Whether a process that reads `file` of `pid` ends.
static const char *try(int pid, const char *file) {
  const int reader = fork();
  if (reader == 0) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    if (!strcmp(file, "kcmp(2)")) {
      _exit(syscall(SYS_kcmp, pid, getpid(), KCMP_VM, 0, 0) < 0);
    } else if (!strcmp(file, "pidfd_open(2)")) {
      _exit(syscall(SYS_pidfd_open, pid, 0) < 0);
    } else if (!strcmp(file, "fstatat(2)")) {
      struct stat it;
      *strrchr(path, '/') = 0;
      _exit(stat(path, &it) < 0);
    } else if (!strcmp(file, "exe") || !strcmp(file, "ns/user")) {
      _exit(readlink(path, text, sizeof text) < 0);
    }
    const int fd = open(path, O_RDONLY);
    _exit(fd < 0 || read(fd, text, sizeof text) < 0);
  }
  int status = -1;
  for (int i = 0; i < 100 && waitpid(reader, &status, WNOHANG) == 0; ++i) {
    usleep(10000);
  }
  if (status == -1) {
    kill(reader, SIGKILL);
    waitpid(reader, 0, 0);
    return "waits";
  }
  return status == 0 ? "reads" : "fails";
}

static void tell(int child, int parent) {
  static const char *const files[] = {
      "statm", "status", "comm", "oom_score_adj", "oom_adj", "cgroup", "stat",
      "ns/user", "exe", "cmdline", "environ", "smaps_rollup", "kcmp(2)",
      "pidfd_open(2)", "fstatat(2)"};
  struct utsname name;
  uname(&name);
  printf("\n%-16s executes shares its memory (%s)\n", "file", name.release);
  for (size_t i = 0; i < sizeof files / sizeof *files; ++i) {
    printf("%-16s %-8s %s\n", files[i], try(child, files[i]),
           try(parent, files[i]));
  }
  char file[64];
  snprintf(file, sizeof file, "task/%d/children", parent);
  printf("%-16s %-8s %s\n", "children", "", try(parent, file));
}

static void begin_as_init(void) {
  mount("proc", "/proc", "proc", 0, 0);
  mount("dev", "/dev", "devtmpfs", 0, 0);
  const int module = open("/fuse.ko", O_RDONLY);
  if (module >= 0 && syscall(SYS_finit_module, module, "", 0) < 0) {
    perror("fuse.ko");
  }
  mknod("/dev/fuse", S_IFCHR | 0666, 10 << 8 | 229);
  mkdir("/tmp", 0777);
}

int main(int count, char **arguments) {
  if (count == 2 && !strcmp(arguments[1], "-")) return 0;
  const int init = getpid() == 1;
  if (init) begin_as_init();
  fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  char options[64];
  snprintf(options, sizeof options,
           "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
  mkdir(kRoot, 0700);
  if (unshare(CLONE_NEWNS) < 0 ||
      (!init && mount(0, "/", 0, MS_REC | MS_PRIVATE, 0) < 0) ||
      mount("hung", kRoot, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
    perror("mount");
    return 1;
  }
  const int server = fork();
  if (server == 0) serve();
  int ends[2], child = 0;
  if (pipe(ends) < 0) return 1;
  const int parent = fork();
  if (parent == 0) hang(ends[1]);
  if (read(ends[0], &child, sizeof child) < 0) return 1;
  sleep(1);
  if (init || count == 1) {
    tell(child, parent);
  } else {
    printf("the exec of %d hangs\n", child);
    fflush(stdout);
    const int command = fork();
    if (command == 0) {
      execvp(arguments[1], arguments + 1);
      _exit(127);
    }
    waitpid(command, 0, 0);
  }
  kill(child, SIGKILL);
  kill(parent, SIGKILL);
  kill(server, SIGKILL);
  umount2(kRoot, MNT_DETACH);
  if (init) {
    fflush(stdout);
    reboot(RB_POWER_OFF);
  }
  return 0;
}
