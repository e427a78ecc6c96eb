// SPDX-License-Identifier: GPL-2.0-only
// Records the signalled processes and the times for a restarted daemon, so that
// it does not kill twice for one emergency. The file is in /run. It has one
// page, mapped from the start and locked with the other memory of the program:
// a write never allocates and never swaps in (a page of /run may be swapped
// out). A daemon killed during a write leaves a mixture of old and new, but has
// not yet sent the recorded signal.
#pragma once

#include <memory>
#include <string>

#include "badnessd/engine/incident.h"
#include "badnessd/system/sys.h"

namespace badnessd {

class StateFile {
 public:
  // No file: save() and load() do nothing.
  StateFile() = default;
  // Opens or creates `path`. Its directory must exist.
  [[nodiscard]] static Expected<StateFile> open(const std::string& path);

  // Writes the pending victim, the recent kills and the tasks set aside.
  void save(const Incident& incident, const KillTimes& kills) noexcept;

  // Restores the state of the last daemon. Ignores a file in another format and
  // a file from another boot, which has times after `now_us`.
  void load(Incident& incident, KillTimes& kills, Micros now_us) const;

 private:
  struct Unmap {
    void operator()(void* page) const noexcept;
  };
  explicit StateFile(void* page) : page_(page) {}
  std::unique_ptr<void, Unmap> page_;
};

}  // namespace badnessd
