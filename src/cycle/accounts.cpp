// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/accounts.h"

#include <algorithm>
#include <utility>

namespace badnessd {
namespace {

std::string_view parent_of(std::string_view path) noexcept {
  return path.substr(0, path.rfind('/'));
}

CgroupTook took_by(const CgroupAccount& now, const Account& then) {
  CgroupTook took{.path = {},
                  .took_kib = took_kib(now.account, then),
                  .grown = growth(now.account, then)};
  took.path = now.path;
  return took;
}

}  // namespace

void Accounts::ask_note(const Sources& sources, std::size_t slot,
                        Kib mem_total_kib) {
  constexpr Kib kPart = 1024;
  slots_ &= static_cast<Slots>(~bit(slot));
  if (sources.accounts == nullptr || sources.accounts->busy_with() != 0) {
    return;
  }
  const AccountReader::Question whole{
      .top = {},
      .least_kib = std::max(mem_total_kib / kPart, kPart),
      .deep = true};
  sources.accounts->ask({&whole, 1});
  asked_note_ = true;
  asked_slot_ = slot;
}

void Accounts::take(const Sources& sources) {
  if (!asked_note_ || sources.accounts->busy_with() != 0) {
    return;
  }
  asked_note_ = false;
  auto answers = sources.accounts->take_answers();
  cut_ = !answers.empty() && !answers.front().complete;
  if (answers.empty() || cut_) {
    return;  // what it left out must not seem to be new
  }
  learn(std::move(answers.front().cgroups));
  slots_ |= bit(asked_slot_);
}

// Cgroups that are not in this note keep the others, as long as there are any:
// they may only be small now.
void Accounts::learn(std::vector<CgroupAccount> cgroups) {
  constexpr std::size_t kMostUnseen = 2048;
  const Slots now = bit(asked_slot_);
  for (Row& row : rows_) {
    row.slots &= static_cast<Slots>(~now);
    row.leaf &= static_cast<Slots>(~now);
    row.now.account = {};
  }
  for (CgroupAccount& cgroup : cgroups) {
    Row* row = find_row(cgroup.path, cgroup.inode);
    if (row == nullptr) {
      row = &rows_.emplace_back();
      row->now.path = std::move(cgroup.path);
      row->now.inode = cgroup.inode;
    }
    row->now.account = cgroup.account;
    row->notes[asked_slot_] = cgroup.account;
    row->slots |= now;
    row->leaf |= cgroup.leaf ? now : Slots{0};
  }
  const bool too_many = rows_.size() > cgroups.size() + kMostUnseen;
  std::erase_if(rows_, [&](const Row& row) {
    return row.slots == 0 || (too_many && (row.slots & now) == 0);
  });
  std::sort(rows_.begin(), rows_.end(),
            [](const Row& a, const Row& b) { return a.now.path < b.now.path; });
  sorted_ = rows_.size();
}

// Rows that learn() has just added stand behind the sorted ones.
Accounts::Row* Accounts::find_row(std::string_view path, std::uint64_t inode) {
  const auto end = rows_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  auto place = std::lower_bound(rows_.begin(), end, path,
                                [](const Row& row, std::string_view wanted) {
                                  return row.now.path < wanted;
                                });
  for (; place != end && place->now.path == path; ++place) {
    if (place->now.inode == inode) {
      return &*place;
    }
  }
  return nullptr;
}

const AccountReader::Answer* Accounts::ask(const Sources& sources,
                                           std::string_view top,
                                           Kib least_kib) {
  const Micros now = sources.facts.now_us();
  auto& worker = *sources.accounts;
  if (now >= deadline_us_ || !worker.wait(deadline_us_ - now)) {
    return nullptr;
  }
  AccountReader::Question question{.top = {}, .least_kib = least_kib};
  question.top = top;
  worker.ask({&question, 1});
  const Micros asked = sources.facts.now_us();
  return worker.wait(above(deadline_us_, asked)) && !worker.answers().empty()
             ? &worker.answers().front()
             : nullptr;
}

void Accounts::offer(Children& children, const CgroupAccount& now,
                     std::size_t slot) {
  const Row* row = find_row(now.path, now.inode);
  const bool noted = row != nullptr && (row->slots & bit(slot)) != 0;
  Child child{.now = &now, .then = noted ? row->notes[slot] : Account()};
  child.took_kib = took_kib(now.account, child.then);
  if (child.took_kib == 0) {
    return;
  }
  auto& most = children.most;
  const bool full = children.count == most.size();
  if (full && child.took_kib <= most.back().took_kib) {
    return;
  }
  children.count += full ? 0 : 1;
  most[children.count - 1] = child;
  for (std::size_t i = children.count - 1;
       i != 0 && most[i].took_kib > most[i - 1].took_kib; --i) {
    std::swap(most[i], most[i - 1]);
  }
}

Accounts::Children Accounts::children_of(const Sources& sources,
                                         std::string_view top, Kib least_kib,
                                         std::size_t slot, bool& late) {
  Children children;
  const AccountReader::Answer* answer =
      late ? nullptr : ask(sources, top, least_kib);
  late = answer == nullptr;
  const auto for_all = [&](auto visit) {
    if (answer != nullptr) {
      std::for_each(answer->cgroups.begin(), answer->cgroups.end(), visit);
      return;
    }
    for (const Row& row : rows_) {
      if (parent_of(row.now.path) == top && row.slots != 0) {
        visit(row.now);
      }
    }
  };
  for_all([&](const CgroupAccount& now) {
    ++children.all;
    offer(children, now, slot);
  });
  children.all = answer != nullptr ? answer->children : children.all;
  const Kib fair = children.most.front().took_kib;
  for_all([&](const CgroupAccount& now) {
    const Row* row = find_row(now.path, now.inode);
    const bool noted = row != nullptr && (row->slots & bit(slot)) != 0;
    const Kib took =
        took_kib(now.account, noted ? row->notes[slot] : Account());
    children.sum_kib += took;
    if (took != 0 && took >= fair - fair / 2) {
      ++children.fair;
      children.fair_kib += took;
    }
  });
  return children;
}

CgroupsTook Accounts::find(const Sources& sources, const Loss& loss,
                           std::string_view top) {
  using Source = CgroupsTook::Source;
  // A smaller part than this is no fair part of any four.
  constexpr Kib kPart = 8;
  CgroupsTook found;
  if (sources.accounts == nullptr || (slots_ & bit(loss.slot)) == 0) {
    return found;
  }
  asked_note_ = false;  // the answers that are outstanding are lost
  deadline_us_ = sources.facts.now_us() + kDeadline;
  bool late = false;
  Kib took = loss.lost_kib;
  CgroupPath at;
  at = top;
  for (std::size_t depth = 0; depth < AccountReader::kDeepest; ++depth) {
    const Children children =
        children_of(sources, at.view(), took / kPart, loss.slot, late);
    found.source = late ? Source::kNote : Source::kNow;
    // Many children that took a little each are the cgroup itself.
    if (children.fair == 0 || children.fair > CgroupsTook::kMost ||
        children.fair_kib < std::max(took / 2, loss.lost_kib / 4)) {
      found.dead =
          found.count != 0 && children.all != 0 && children.sum_kib < took / 2;
      break;
    }
    found.count = static_cast<std::uint32_t>(children.fair);
    for (std::size_t i = 0; i < children.fair; ++i) {
      found.list[i] = took_by(*children.most[i].now, children.most[i].then);
    }
    found.took_kib = children.fair_kib;
    const CgroupAccount& only = *children.most.front().now;
    const Row* row = find_row(only.path, only.inode);
    const bool leaf = row != nullptr && (row->leaf & bit(loss.slot)) != 0;
    if (children.fair > 1 || leaf) {
      break;
    }
    at = found.list.front().path;
    took = children.fair_kib;
  }
  return found;
}

std::vector<CgroupTook> Accounts::takers(std::size_t slot,
                                         std::size_t count) const {
  std::vector<CgroupTook> most;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    const bool leaf = i + 1 == rows_.size() ||
                      !rows_[i + 1].now.path.starts_with(row.now.path + "/");
    const Account then =
        (row.slots & bit(slot)) != 0 ? row.notes[slot] : Account();
    if (leaf && took_kib(row.now.account, then) != 0) {
      most.push_back(took_by(row.now, then));
    }
  }
  std::sort(most.begin(), most.end(),
            [](const CgroupTook& a, const CgroupTook& b) {
              return a.took_kib > b.took_kib;
            });
  most.resize(std::min(most.size(), count));
  return most;
}

}  // namespace badnessd
