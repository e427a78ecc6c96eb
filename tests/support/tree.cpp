// SPDX-License-Identifier: GPL-2.0-only
#include "tree.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace badnessd::test {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* what, const fs::path& path, int code) {
  throw fs::filesystem_error(what, path,
                             std::error_code(code, std::generic_category()));
}

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.flush();
  if (!out) {
    fail("write", path, EIO);
  }
}

std::string new_directory() {
  // mkdtemp(3) puts a name of its own in the place of the last six bytes.
  const std::string name = "badnessd-" + std::string(6, 'X');
  std::string path = (fs::temp_directory_path() / name).string();
  if (::mkdtemp(path.data()) == nullptr) {
    fail("mkdtemp", path, errno);
  }
  return path;
}

}  // namespace

Entry file(std::string name, std::string text) {
  return {{{Item::Kind::kFile, std::move(name), std::move(text)}}};
}

Entry link(std::string name, std::string target) {
  return {{{Item::Kind::kLink, std::move(name), std::move(target)}}};
}

Entry dir(const std::string& name, const std::vector<Entry>& entries) {
  Entry directory{{{Item::Kind::kDirectory, name, {}}}};
  for (const Entry& entry : entries) {
    for (Item item : entry.items) {
      item.path.insert(0, name + "/");
      directory.items.push_back(std::move(item));
    }
  }
  return directory;
}

TempTree::TempTree(const std::vector<Entry>& entries) : path_(new_directory()) {
  for (const Entry& entry : entries) {
    for (const Item& item : entry.items) {
      const fs::path path = fs::path(path_) / item.path;
      switch (item.kind) {
        case Item::Kind::kFile:
          write_file(path, item.text);
          break;
        case Item::Kind::kLink:
          fs::create_symlink(item.text, path);
          break;
        case Item::Kind::kDirectory:
          fs::create_directory(path);
          break;
      }
    }
  }
}

TempTree::~TempTree() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void TempTree::write(const std::string& entry, const std::string& text) const {
  fs::create_directories(fs::path(path(entry)).parent_path());
  write_file(path(entry), text);
}

void TempTree::remove(const std::string& entry) const {
  fs::remove_all(path(entry));
}

std::string contents_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    fail("open", path, ENOENT);
  }
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace badnessd::test
