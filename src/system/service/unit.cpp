// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/service/unit.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>
#include <vector>

namespace badnessd {
namespace {

namespace fs = std::filesystem;

// systemd.unit(5), "System Unit Search Path", the first has priority.
constexpr std::array<std::string_view, 11> kSearchPath{
    "/etc/systemd/system.control", "/run/systemd/system.control",
    "/run/systemd/transient",      "/run/systemd/generator.early",
    "/etc/systemd/system",         "/run/systemd/system",
    "/run/systemd/generator",      "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",     "/lib/systemd/system",
    "/run/systemd/generator.late"};

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return {};
  }
  return std::string(
      text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}

// Takes the assignments of one file; the later ones count. Gives false if it
// cannot be read.
bool take_file(const fs::path& path, UnitSettings& settings) {
  std::ifstream file(path);
  if (!file) {
    return false;
  }
  bool service = false;
  for (std::string line; std::getline(file, line);) {
    line = trimmed(line);
    if (line.starts_with('[')) {
      service = line == "[Service]";
    }
    const std::size_t equals = line.find('=');
    if (!service || equals == std::string::npos) {
      continue;
    }
    const std::string key = trimmed(std::string_view(line).substr(0, equals));
    const std::string value =
        trimmed(std::string_view(line).substr(equals + 1));
    if (key == "Restart") {
      settings.restart = value.empty() ? "no" : value;
    } else if (key == "OOMPolicy") {
      settings.oom_policy = value;
    }
  }
  return true;
}

// A directory of the search path, which is absolute, below `root`.
fs::path below(const std::string& root, std::string_view directory) {
  fs::path path(root);
  path += directory;
  return path;
}

// "foo@.service" of "foo@bar.service"; the same if it is no instance.
std::string template_of(const std::string& unit) {
  const std::size_t at = unit.find('@');
  return at == std::string::npos
             ? unit
             : unit.substr(0, at + 1) + unit.substr(unit.rfind('.'));
}

// The directories of drop-ins that are about `unit`: those of all services, of
// each prefix that ends in a dash, of its template and its own.
std::vector<std::string> drop_in_names(const std::string& unit) {
  const std::string suffix = unit.substr(unit.rfind('.'));
  std::vector<std::string> names{suffix.substr(1) + ".d"};
  for (std::size_t dash = unit.find('-'); dash != std::string::npos;
       dash = unit.find('-', dash + 1)) {
    names.push_back(unit.substr(0, dash + 1) + suffix + ".d");
  }
  names.push_back(template_of(unit) + ".d");
  names.push_back(unit + ".d");
  return names;
}

}  // namespace

bool UnitSettings::restarts_after_kill() const {
  return restart == "always" || restart == "on-failure" ||
         restart == "on-abnormal" || restart == "on-abort";
}

std::optional<UnitSettings> read_unit(std::string_view unit,
                                      const std::string& root) {
  if (!unit.ends_with(".service")) {
    return std::nullopt;
  }
  const std::string name(unit);
  UnitSettings settings{.restart = "no", .oom_policy = {}};
  bool found = false;
  for (const std::string& file : {name, template_of(name)}) {
    for (const std::string_view directory : kSearchPath) {
      found = found || take_file(below(root, directory) / file, settings);
    }
  }
  if (!found) {
    return std::nullopt;
  }
  // Of drop-ins of one name the first counts, and they are taken in the order
  // of their names.
  std::map<std::string, std::string> drop_ins;
  for (const std::string_view directory : kSearchPath) {
    for (const std::string& drop_in : drop_in_names(name)) {
      std::error_code error;
      for (fs::directory_iterator it(below(root, directory) / drop_in, error);
           !error && it != fs::directory_iterator(); it.increment(error)) {
        if (it->path().extension() == ".conf") {
          drop_ins.emplace(it->path().filename().string(), it->path().string());
        }
      }
    }
  }
  for (const auto& [file, path] : drop_ins) {
    static_cast<void>(take_file(path, settings));
  }
  return settings;
}

}  // namespace badnessd
