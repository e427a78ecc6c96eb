// SPDX-License-Identifier: GPL-2.0-only
// What a restarted daemon must know: who was signalled and when, so that it
// does not kill again for the same emergency. A file in /run, of one page that
// is mapped from the start and locked with the rest of the program's memory:
// writing it needs no memory and waits for none (a page of /run may be swapped
// out). A daemon that is killed while it writes leaves a mixture, but has not
// sent the signal that it was about to write down.
#pragma once

#include <memory>
#include <string>

#include "badnessd/engine/policy.h"
#include "badnessd/system/sys.h"

namespace badnessd {

class StateFile {
 public:
  // No file: nothing is kept.
  StateFile() = default;
  // Opens or makes `path`, whose directory must exist.
  [[nodiscard]] static Expected<StateFile> open(const std::string& path);

  // Writes the pending victim, the recent kills and those set aside.
  void save(const PolicyState& state) noexcept;

  // Takes over what the last daemon wrote, if it is of this boot: times after
  // `now_us` are not. What is no state of ours is left out.
  void load(PolicyState& state, Micros now_us) const;

 private:
  struct Unmap {
    void operator()(void* page) const noexcept;
  };
  explicit StateFile(void* page) : page_(page) {}
  std::unique_ptr<void, Unmap> page_;
};

}  // namespace badnessd
