# SPDX-License-Identifier: GPL-2.0-only
# Runs PROGRAM with ARGS (words as in a shell) and compares exit code, standard
# output and standard error with the file GOLDEN. With BADNESSD_UPDATE_GOLDEN in the environment it
# writes the file instead, for a person to review. What the regular expression
# SKIP matches, if there is one, is not compared.
separate_arguments(ARGS UNIX_COMMAND "${ARGS}")
execute_process(COMMAND ${PROGRAM} ${ARGS}
  RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
if(SKIP)
  string(REGEX REPLACE "${SKIP}" "" out "${out}")
endif()
set(actual "exit ${code}\n")
if(NOT out STREQUAL "")
  string(APPEND actual "--- stdout\n${out}")
endif()
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
