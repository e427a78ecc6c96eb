// SPDX-License-Identifier: GPL-2.0-only
// Directory trees for tests, described as nested initialisers and made in a
// temporary directory for as long as a TempTree lives.
#pragma once

#include <string>
#include <vector>

namespace badnessd::test {

struct Item {
  enum class Kind { kFile, kDirectory, kLink };
  Kind kind = Kind::kFile;
  std::string path;
  std::string text;  // kFile: the contents; kLink: the target, may dangle
};

// A file, a link, or a directory with all that is in it.
struct Entry {
  std::vector<Item> items;  // a directory before what it holds
};

[[nodiscard]] Entry file(std::string name, std::string text);
[[nodiscard]] Entry link(std::string name, std::string target);
[[nodiscard]] Entry dir(const std::string& name,
                        const std::vector<Entry>& entries);

// Throws std::filesystem::filesystem_error where the disk does not play along.
class TempTree {
 public:
  explicit TempTree(const std::vector<Entry>& entries);
  TempTree(const TempTree&) = delete;
  TempTree& operator=(const TempTree&) = delete;
  TempTree(TempTree&&) = delete;
  TempTree& operator=(TempTree&&) = delete;
  ~TempTree();

  [[nodiscard]] const char* path() const noexcept { return path_.c_str(); }
  [[nodiscard]] std::string path(const std::string& entry) const {
    return path_ + "/" + entry;
  }
  // Writes a file anew, or one more with its directory.
  void write(const std::string& entry, const std::string& text) const;
  void remove(const std::string& entry) const;

 private:
  std::string path_;
};

// The contents of a file; throws where there is none.
[[nodiscard]] std::string contents_of(const std::string& path);

}  // namespace badnessd::test
