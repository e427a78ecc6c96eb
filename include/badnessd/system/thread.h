// SPDX-License-Identifier: GPL-2.0-only
// Threads for calls that can block: the loop must not block.
#pragma once

#include <pthread.h>

#include "badnessd/system/sys.h"

namespace badnessd {

// Starts run(self) in a thread with a small stack and with all signals blocked:
// the loop handles signals. run() first calls take_ordinary_priority(): the
// loop has Nice=-20, and a thread that keeps this can stall the whole machine.
[[nodiscard]] Expected<pthread_t> start_thread(void* (*run)(void* self),
                                               void* self);

// Raises a negative nice value of the calling thread to 0. Ignores a failure.
void take_ordinary_priority() noexcept;

}  // namespace badnessd
