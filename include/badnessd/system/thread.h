// SPDX-License-Identifier: GPL-2.0-only
// Threads for what may have to wait: the loop must not.
#pragma once

#include <pthread.h>

#include "badnessd/system/sys.h"

namespace badnessd {

// Starts run(self) with a small stack that is there from the beginning, without
// signals, which are the loop's business, and of ordinary priority: the loop
// goes before everybody (Nice=-20), and a thread that inherited that could hold
// up the whole machine.
[[nodiscard]] Expected<pthread_t> start_thread(void* (*run)(void* self),
                                               void* self);

// To be called by it first. Where it is forbidden to step back it goes on.
void take_ordinary_priority() noexcept;

}  // namespace badnessd
