# SPDX-License-Identifier: GPL-2.0-only
# Runs PROGRAM with ARGS (words as in a shell) and compares exit code, standard
# output and standard error with the file GOLDEN. With BADNESSD_UPDATE_GOLDEN in the environment it
# writes the file instead, for a person to review. ONLY, a script of sed -nE, prints
# those parts of the standard output that count.
if(NOT DEFINED ONLY)
  set(ONLY "p")
endif()
separate_arguments(ARGS UNIX_COMMAND "${ARGS}")
execute_process(COMMAND ${PROGRAM} ${ARGS} COMMAND sed -nE ${ONLY}
  RESULTS_VARIABLE codes OUTPUT_VARIABLE out ERROR_VARIABLE err)
list(GET codes 0 code)
set(actual "exit ${code}\n")
if(NOT out STREQUAL "")
  string(APPEND actual "--- stdout\n${out}")
endif()
# A line below what is wrong in a file is drawn by toml11: ~~~~ by version 3, which
# says [error] before the sentence, and ^^^^-- by version 4.
string(REGEX REPLACE "(~+|\\^+--) " "^ " err "${err}")
string(REPLACE "badnessd: [error] " "badnessd: " err "${err}")
if(NOT err STREQUAL "")
  string(APPEND actual "--- stderr\n${err}")
endif()
if(DEFINED ENV{BADNESSD_UPDATE_GOLDEN})
  file(WRITE "${GOLDEN}" "${actual}")
endif()
file(READ "${GOLDEN}" expected)
if(NOT actual STREQUAL expected)
  message(FATAL_ERROR
    "${PROGRAM} ${ARGS}\ndiffers from ${GOLDEN}. It printed:\n${actual}")
endif()
