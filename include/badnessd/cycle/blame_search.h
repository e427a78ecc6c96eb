// SPDX-License-Identifier: GPL-2.0-only
// The bars of the guard: which processes carry a fair part of the blame.
#pragma once

#include "badnessd/cycle/lazy_selection.h"

namespace badnessd {

// Chooses the measure of the blame, and sets the bar of what a process took.
// See select_victim().
void find_blame(const Inquiry& inquiry, SelectRules& rules, Kib needed_kib,
                Choice& choice);

// The greatest held_points of a candidate that gives back enough: exact, or the
// certain part if no other candidate can reach it; 0 if there is no candidate.
[[nodiscard]] Points greatest_held(const Inquiry& inquiry,
                                   const SelectRules& rules);

// held_points() from the memory that the task gives back for certain.
[[nodiscard]] Points certain_held_points(const Inquiry& inquiry, Judged judged);

}  // namespace badnessd
