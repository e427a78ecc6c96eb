// SPDX-License-Identifier: GPL-2.0-only
// config/completions is rendered from the tables of the program. With
// BADNESSD_UPDATE_GOLDEN in the environment the files are written anew.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/app/config/cli.h"
#include "badnessd/app/config/options.h"
#include "badnessd/app/config/render.h"
#include "badnessd/app/config/settings.h"
#include "badnessd/app/report/process.h"
#include "tree.h"

namespace badnessd {
namespace {

std::string replaced(std::string text, std::string_view from,
                     std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string joined(const std::vector<std::string>& words,
                   std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : std::string(between)) + word;
  }
  return text;
}

std::string quoted(const std::string& text) {
  return "'" + replaced(text, "'", "'\\''") + "'";
}

// What --set takes before the '=': each setting, and each key of the triggers.
std::vector<std::string> setting_keys() {
  std::set<std::string> keys;
  for (const auto& option : options()) {
    keys.insert(std::string(option.key));
  }
  for (const Trigger& trigger : default_triggers()) {
    for (const auto& option : trigger_options()) {
      keys.insert("trigger." + trigger.name + "." + std::string(option.key));
    }
  }
  return {keys.begin(), keys.end()};
}

// How each shell completes an argument; of the others it can tell nothing.
struct Argument {
  std::string name;
  std::string bash;
  std::string zsh;
  std::string fish;
};

std::vector<Argument> arguments() {
  const std::string keys = joined(sort_keys(), " ");
  const std::string settings = joined(setting_keys(), "= ") + "=";
  return {
      {"FILE", "-f", "_files", "-rF"},
      {"DIR", "-d", "_files -/", "-xa '(__fish_complete_directories)'"},
      {"KEY=VALUE", "-W '" + settings + "'", "compadd -S \"\" -- " + settings,
       "-xa '" + settings + "'"},
      {"KEY", "-W '" + keys + "'", "(" + keys + ")", "-xa '" + keys + "'"},
      {"PID", "-W \"$(cd /proc && printf '%s\\n' [0-9]*)\"", "_pids",
       "-xa '(__fish_complete_pids)'"},
  };
}

Argument argument_of(const CommandWord& word) {
  for (const Argument& argument : arguments()) {
    if (argument.name == word.argument) {
      return argument;
    }
  }
  return {word.argument, "", " ", "-x"};
}

class Completions : public testing::Test {
 protected:
  static std::vector<CommandWord> commands() {
    std::vector<CommandWord> commands;
    for (const CommandWord& word : command_words(sort_keys())) {
      if (word.names.empty() && word.argument.empty()) {
        commands.push_back(word);
      }
    }
    return commands;
  }

  // The options and arguments of a command; "" are those of all.
  static std::vector<CommandWord> words_of(const std::string& command) {
    std::vector<CommandWord> words;
    for (const CommandWord& word : command_words(sort_keys())) {
      if (word.command == command &&
          (!word.names.empty() || !word.argument.empty())) {
        words.push_back(word);
      }
    }
    return words;
  }

  static std::string names_of(const std::string& command) {
    std::vector<std::string> names;
    for (const CommandWord& word : words_of(command)) {
      names.insert(names.end(), word.names.begin(), word.names.end());
    }
    return joined(names, " ");
  }
};

void compare(const std::string& name, const std::string& text) {
  const std::string path = SOURCE_DIR "/config/completions/" + name;
  if (std::getenv("BADNESSD_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
  } else {
    EXPECT_EQ(test::contents_of(path), text);
  }
}

constexpr std::string_view kHead =
    "# SPDX-License-Identifier: GPL-2.0-only\n"
    "# Rendered from the tables of badnessd by completions_test.\n";

TEST_F(Completions, OfBashAreRendered) {
  std::string names;
  std::string commands_text;
  std::string arguments_text;
  std::set<std::string> seen;
  for (const CommandWord& command : commands()) {
    names += (names.empty() ? "" : " | ") + command.command;
    std::string positional;
    for (const CommandWord& word : words_of(command.command)) {
      if (const Argument argument = argument_of(word);
          word.names.empty() && !argument.bash.empty()) {
        positional = "; [[ $cur == -* ]] || args=(" + argument.bash + ")";
      }
    }
    commands_text += "    " + command.command + ") words+=' " +
                     names_of(command.command) + "'" + positional + " ;;\n";
  }
  for (const CommandWord& word : command_words(sort_keys())) {
    if (word.argument.empty() || word.names.empty() ||
        !seen.insert(joined(word.names, "|")).second) {
      continue;
    }
    const Argument argument = argument_of(word);
    arguments_text +=
        "    " + joined(word.names, " | ") + ") " +
        (argument.bash.empty() ? "return" : "args=(" + argument.bash + ")") +
        (argument.name == "KEY=VALUE" ? "; compopt -o nospace" : "") + " ;;\n";
  }
  compare("badnessd.bash", std::string(kHead) + R"(_badnessd() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local words=')" + names_of("") +
                               R"(' command='' i
  local -a args=()
  # "--config=FILE" is three words: '=' separates them.
  [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
  [[ $cur == = ]] && cur=
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
    )" + names + R"() command=${COMP_WORDS[i]} ;;
    esac
  done
  case $prev in
)" + arguments_text +
                               R"(    *) case $command in
    '') words+=' )" + replaced(names, "| ", "") +
                               R"(' ;;
)" + commands_text + R"(    esac ;;
  esac
  [[ ${#args[@]} -gt 0 ]] || args=(-W "$words")
  mapfile -t COMPREPLY < <(compgen "${args[@]}" -- "$cur")
}
complete -F _badnessd badnessd
)");
}

// An entry of _arguments for each of the words.
std::string zsh_entries(const std::vector<CommandWord>& words) {
  std::string text;
  for (const CommandWord& word : words) {
    const std::string argument =
        word.argument.empty()
            ? ""
            : ":" + word.argument + ":" + argument_of(word).zsh;
    if (word.names.empty()) {
      text += " \\\n    " +
              quoted("::" + word.argument + ":" + argument_of(word).zsh);
      continue;
    }
    std::string help = word.help;
    for (const char* special : {"[", "]", ":"}) {
      help = replaced(help, special, "\\" + std::string(special));
    }
    const std::string rest = quoted("[" + help + "]" + argument);
    text += " \\\n    ";
    const bool again = word.names.back() == "--set";
    if (word.names.size() == 1) {
      text += (again ? "'*'" : "") + word.names[0] + rest;
    } else {
      text += quoted("(" + joined(word.names, " ") + ")") + "{" +
              joined(word.names, ",") + "}" + rest;
    }
  }
  return text;
}

TEST_F(Completions, OfZshAreRendered) {
  std::string list;
  std::string cases;
  for (const CommandWord& command : commands()) {
    list += " " + command.command + "\\:" + "\"" +
            replaced(replaced(command.help, ":", "\\:"), "\"", "") + "\"";
    cases += "  " + command.command + ") _arguments $common" +
             zsh_entries(words_of(command.command)) + " ;;\n";
  }
  compare("_badnessd", "#compdef badnessd\n" + std::string(kHead) +
                           "local curcontext=$curcontext state line\n"
                           "local -a common\ncommon=(" +
                           replaced(zsh_entries(words_of("")), " \\\n", "\n") +
                           "\n)\n_arguments -C $common \\\n    " +
                           quoted("1:command:((" + list.substr(1) + "))") +
                           " \\\n    '*::argument:->argument'\n"
                           "case $state in argument) case $words[1] in\n" +
                           cases + "esac ;; esac\n");
}

TEST_F(Completions, OfFishAreRendered) {
  std::string text = std::string(kHead) + "complete -c badnessd -f\n";
  const auto add = [&text](const CommandWord& word,
                           const std::string& condition) {
    text += "complete -c badnessd" + condition;
    for (const std::string& name : word.names) {
      text += name.starts_with("--") ? " -l " + name.substr(2)
                                     : " -s " + name.substr(1);
    }
    if (!word.argument.empty()) {
      text += " " + argument_of(word).fish;
    }
    text += " -d " + quoted(replaced(word.help, "'", "\u2019")) + "\n";
  };
  for (const CommandWord& word : words_of("")) {
    add(word, "");
  }
  for (const CommandWord& command : commands()) {
    text += "complete -c badnessd -n __fish_use_subcommand -a " +
            command.command + " -d " +
            quoted(replaced(command.help, "'", "\u2019")) + "\n";
    for (const CommandWord& word : words_of(command.command)) {
      add(word, " -n '__fish_seen_subcommand_from " + command.command + "'");
    }
  }
  compare("badnessd.fish", text);
}

// What bash offers for `line`; its last word is completed.
std::string offered(const std::string& words) {
  const std::string script =
      "source " SOURCE_DIR
      "/config/completions/badnessd.bash; compopt() { :; }; "
      "COMP_WORDS=(badnessd " +
      words +
      "); "
      "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _badnessd; echo ${COMPREPLY[*]}";
  std::string text;
  const test::TempTree tree({test::file("script", script)});
  FILE* output = ::popen(("bash " + tree.path("script")).c_str(), "r");
  for (int c = 0; output != nullptr && (c = std::fgetc(output)) != EOF;) {
    text += static_cast<char>(c);
  }
  EXPECT_EQ(::pclose(output), 0);
  return text.substr(0, text.find('\n'));
}

TEST_F(Completions, BashOffersCommandsAndOptions) {
  EXPECT_EQ(offered("ch"), "check");
  EXPECT_EQ(offered("--dry"), "--dry-run --dryrun");
  EXPECT_EQ(offered("scores --so"), "--sort");
  EXPECT_EQ(offered("scores --si"), "");
  EXPECT_EQ(offered("scores st"), "");
  EXPECT_EQ(offered("status --json --da"), "");
}

TEST_F(Completions, BashOffersArguments) {
  EXPECT_EQ(offered("scores --sort rec"), "reclaim");
  EXPECT_EQ(offered("scores --sort = rec"), "reclaim");
  EXPECT_EQ(offered("--set kill.min"), "kill.min_reclaim=");
  EXPECT_EQ(offered("--set trigger.stalled.psi_f"),
            "trigger.stalled.psi_full_above=");
  EXPECT_EQ(offered("-c " SOURCE_DIR "/config/badnessd.8"),
            SOURCE_DIR "/config/badnessd.8");
  EXPECT_EQ(offered("--proc-root /pro"), "/proc");
  EXPECT_EQ(offered("history -n 1"), "");
  EXPECT_EQ((" " + offered("explain 1") + " ").find(" 1 "), 0U);
}

}  // namespace
}  // namespace badnessd
