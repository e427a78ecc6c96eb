// SPDX-License-Identifier: GPL-2.0-only
// Compares badness() with the results that the kernel's own function gave for
// made-up inputs, extremes included. One row of a CSV file is one task and its
// list of children.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "badnessd/app/report/report.h"
#include "badnessd/engine/badness.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc/fields.h"
#include "tool.h"

namespace badnessd::kernel26 {
namespace {

constexpr std::string_view kHeader =
    "total_vm_pages,oom_origin,n_children,children_total_vm,utime_jiffies,"
    "stime_jiffies,hz,uptime_s,start_s,nice,cap_effective_hex,mems_intersect,"
    "oom_adj,has_mm,expected_points";

// The columns of kHeader.
enum Column : std::size_t {
  kTotalVm,
  kOomOrigin,
  kChildCount,
  kChildren,
  kUtime,
  kStime,
  kHz,
  kUptime,
  kStart,
  kNice,
  kCaps,
  kMems,
  kOomAdj,
  kHasMm,
  kExpected,
  kColumnCount,
};
using Row = std::array<std::string_view, kColumnCount>;

struct Vector {
  Snapshot snapshot;  // tasks.front() is the one to score
  std::uint32_t hz = 0;
  Points expected = 0;
};

// Takes the text up to `separator` off the front; false at the end.
bool take_until(std::string_view& rest, char separator,
                std::string_view& part) {
  if (rest.data() == nullptr) {
    return false;
  }
  const std::size_t length = std::min(rest.find(separator), rest.size());
  part = rest.substr(0, length);
  rest = length < rest.size() ? rest.substr(length + 1) : std::string_view();
  return true;
}

bool split(std::string_view line, Row& row) {
  std::size_t count = 0;
  std::string_view part;
  while (take_until(line, ',', part)) {
    if (count == row.size()) {
      return false;
    }
    row[count] = part;
    ++count;
  }
  return count == row.size();
}

bool to_bool(std::string_view word, bool& value) {
  value = word == "1";
  return value || word == "0";
}

bool add_child(std::string_view word, Snapshot& snapshot) {
  Task child;
  child.id.pid = static_cast<std::int32_t>(snapshot.tasks.size()) + 1;
  child.has_mm = word != "none";
  child.mm_threads = child.has_mm ? 1 : 0;
  const bool same = word == "same";
  if (child.has_mm && !same && !to_number(word, child.total_vm)) {
    return false;
  }
  snapshot.children.push_back(
      {.task = static_cast<std::uint32_t>(snapshot.tasks.size()),
       .shares_mm = same});
  snapshot.tasks.push_back(child);
  return true;
}

bool add_children(const Row& row, Snapshot& snapshot) {
  std::size_t count = 0;
  if (!to_number(row[kChildCount], count)) {
    return false;
  }
  std::string_view rest = row[kChildren];
  std::string_view word;
  while (!row[kChildren].empty() && take_until(rest, ';', word)) {
    if (!add_child(word, snapshot)) {
      return false;
    }
  }
  snapshot.tasks.front().child_count = static_cast<std::uint32_t>(count);
  return snapshot.children.size() == count;
}

bool parse_task(const Row& row, Task& task) {
  std::uint64_t utime = 0;
  std::uint64_t stime = 0;
  std::uint64_t start_s = 0;
  const bool ok =
      to_number(row[kTotalVm], task.total_vm) &&
      to_bool(row[kOomOrigin], task.pf_oom_origin) &&
      to_number(row[kUtime], utime) && to_number(row[kStime], stime) &&
      to_number(row[kStart], start_s) && to_number(row[kNice], task.nice) &&
      to_number(row[kCaps], task.cap_effective, 16) &&
      to_bool(row[kMems], task.mems_intersect) &&
      to_number(row[kOomAdj], task.oom_adj) && task.oom_adj >= kOomDisable &&
      task.oom_adj <= kOomAdjustMax && to_bool(row[kHasMm], task.has_mm);
  task.id.pid = 1;
  task.cpu_jiffies = utime + stime;
  // A start that does not fit in ticks is none of this universe.
  return ok && !__builtin_mul_overflow(start_s, std::uint64_t{kUserHz},
                                       &task.id.start_time);
}

bool parse_row(std::string_view line, Vector& vector) {
  Row row;
  if (!split(line, row)) {
    return false;
  }
  Task task;
  if (!parse_task(row, task)) {
    return false;
  }
  task.mm_threads = task.has_mm ? 1 : 0;
  vector.snapshot.tasks.push_back(task);
  return add_children(row, vector.snapshot) && to_number(row[kHz], vector.hz) &&
         valid_hz(vector.hz) &&
         to_number(row[kUptime], vector.snapshot.uptime_s) &&
         to_number(row[kExpected], vector.expected);
}

bool matches(const Vector& vector, const std::string& place) {
  const Task& task = vector.snapshot.tasks.front();
  const Verdict verdict = first_verdict(task, Threads::kLeader);
  const Score score =
      badness(vector.snapshot, {task, verdict}, {.hz = vector.hz});
  if (score.points() == vector.expected) {
    return true;
  }
  std::printf("%s: expected %llu, computed %llu: %s\n", place.c_str(),
              static_cast<unsigned long long>(vector.expected),
              static_cast<unsigned long long>(score.points()),
              ledger_text(score).c_str());
  return false;
}

int run(const char* path) {
  const auto text = read_text(path);
  if (!text) {
    return unusable(text.error());
  }
  std::size_t number = 1;
  const auto place = [&] {
    return std::string(path) + ":" + std::to_string(number);
  };
  std::string_view rest = *text;
  std::string_view line;
  if (!take_until(rest, '\n', line) || line != kHeader) {
    return unusable(place() + ": the columns are not those of the vectors");
  }
  std::size_t matched = 0;
  std::size_t total = 0;
  while (take_until(rest, '\n', line) && !(line.empty() && rest.empty())) {
    ++number;
    Vector vector;
    if (!parse_row(line, vector)) {
      return unusable(place() + ": not " + std::to_string(kColumnCount) +
                      " columns with a possible value in each");
    }
    ++total;
    matched += matches(vector, place()) ? 1 : 0;
  }
  if (total == 0) {
    return unusable(place() + ": no rows");
  }
  std::printf("%zu/%zu\n", matched, total);
  return matched == total ? kExitMatch : kExitMismatch;
}

}  // namespace
}  // namespace badnessd::kernel26

int main(int argc, char** argv) {
  namespace k26 = badnessd::kernel26;
  if (argc != 2) {
    return k26::unusable(std::string("usage: ") + argv[0] + " FILE.csv");
  }
  return k26::run(argv[1]);
}
