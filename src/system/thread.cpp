// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/thread.h"

#include <sys/resource.h>

#include <climits>
#include <csignal>

namespace badnessd {

Expected<pthread_t> start_thread(void* (*run)(void* self), void* self) {
  pthread_attr_t attributes{};
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes,
                              static_cast<std::size_t>(PTHREAD_STACK_MIN) * 2);
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread{};
  const int code = ::pthread_create(&thread, &attributes, run, self);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (code != 0) {
    return tl::unexpected(Error{code, "start a thread"});
  }
  return thread;
}

void take_ordinary_priority() noexcept {
  if (::getpriority(PRIO_PROCESS, 0) < 0) {
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, 0));
  }
}

}  // namespace badnessd
