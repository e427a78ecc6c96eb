// SPDX-License-Identifier: GPL-2.0-only
#include "capture.h"

#include <algorithm>
#include <cstring>
#include <system_error>

#include "badnessd/app/config/text.h"
#include "badnessd/cycle/refresh.h"
#include "badnessd/system/proc/fields.h"
#include "badnessd/system/proc/procfs.h"

namespace badnessd::kernel26 {
namespace {

namespace fs = std::filesystem;

Result<Snapshot> read_snapshot(const fs::path& root, std::uint32_t hz) {
  const auto refused = [&root](const Error& error) {
    return tl::unexpected(root.string() + ": " + error.what + ": " +
                          std::strerror(error.code));
  };
  const auto source = ProcfsSource::open(root.c_str(), {.hz = hz});
  if (!source) {
    return refused(source.error());
  }
  // As the program itself reads all of them.
  Census census;
  if (const auto read =
          Refresh::read_all((*source)->sources(), census, true, 0);
      !read) {
    return refused(read.error());
  }
  return census.table();
}

Thread read_thread(const fs::path& directory, std::int32_t tid) {
  Thread thread;
  thread.tid = tid;
  if (const auto text = read_text(directory / "stat")) {
    if (const auto stat = parse_stat(*text)) {
      thread.start_time = stat->start_time_ticks;
    }
  }
  thread.nodes = read_nodes(directory / "status");
  return thread;
}

std::vector<Thread> read_threads(const fs::path& process, std::int32_t pid) {
  std::vector<Thread> threads;
  for (const std::int32_t tid : numbers_in(process / "task")) {
    threads.push_back(read_thread(process / "task" / std::to_string(tid), tid));
  }
  if (threads.empty()) {
    threads.push_back(read_thread(process, pid));
  }
  return threads;
}

std::vector<TruthLine> read_truth(const fs::path& path) {
  std::vector<TruthLine> lines;
  const auto text = read_text(path);
  std::string_view rest = text ? std::string_view(*text) : "";
  while (!rest.empty()) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
    TruthLine truth;
    truth.word = take_word(line);
    if (truth.word.empty()) {
      continue;
    }
    if (take_number(line, truth.a) && take_number(line, truth.b)) {
      lines.push_back(truth);
    } else {
      warn(path.string() + ": ignoring \"" + escaped(truth.word) +
           "\" without two numbers");
    }
  }
  return lines;
}

}  // namespace

std::vector<std::int32_t> numbers_in(const fs::path& directory) {
  std::vector<std::int32_t> numbers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    std::int32_t number = 0;
    if (to_number(std::string_view(entry.path().filename().native()), number) &&
        number > 0) {
      numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::optional<NodeMask> read_nodes(const fs::path& status) {
  const auto text = read_text(status);
  if (!text) {
    return std::nullopt;
  }
  const auto fields = parse_status(*text);
  return fields ? fields->mems_allowed : std::nullopt;
}

Result<Capture> read_capture(const fs::path& root, std::uint32_t hz) {
  auto snapshot = read_snapshot(root, hz);
  if (!snapshot) {
    return tl::unexpected(snapshot.error());
  }
  Capture capture;
  capture.root = root;
  capture.hz = hz;
  capture.snapshot = std::move(*snapshot);
  capture.truth = read_truth(root / "x_truth");
  for (const Task& task : capture.snapshot.tasks) {
    const fs::path process = root / std::to_string(task.id.pid);
    Beside beside;
    beside.threads = read_threads(process, task.id.pid);
    if (const auto ns = read_number(process / "x_cpuclock_prof")) {
      beside.cpu_ns = *ns;
    }
    capture.beside.push_back(std::move(beside));
  }
  return capture;
}

}  // namespace badnessd::kernel26
