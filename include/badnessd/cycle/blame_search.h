// SPDX-License-Identifier: GPL-2.0-only
// Which processes carry a fair part of the blame: the bars of the guard.
#pragma once

#include "badnessd/cycle/lazy_selection.h"

namespace badnessd {

// Finds what the blame goes by, and sets the bar of what a process took. See
// select_victim().
void find_blame(const Inquiry& inquiry, SelectRules& rules, Kib needed_kib,
                Choice& choice);

// The greatest score for what a candidate holds that gives back enough: exact,
// or what is certain of it if that of no other can be as much; 0 if there is
// none.
[[nodiscard]] Points greatest_held(const Inquiry& inquiry,
                                   const SelectRules& rules);

// The score for what `task` holds for certain.
[[nodiscard]] Points certain_held_points(const Inquiry& inquiry,
                                         const Task& task);

}  // namespace badnessd
