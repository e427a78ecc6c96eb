# SPDX-License-Identifier: GPL-2.0-only
# Installs the build in BUILD twice below a new root, with the configuration
# changed in between, and prints what is there.
set(root ${BUILD}/tests/install)
file(REMOVE_RECURSE ${root})
set(ENV{DESTDIR} ${root})
foreach(time first second)
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix /usr
    RESULT_VARIABLE code OUTPUT_QUIET ERROR_VARIABLE error)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${error}")
  endif()
  if(time STREQUAL first)
    file(WRITE ${root}/etc/badnessd/badnessd.toml "# mine\n")
  endif()
endforeach()
file(GLOB_RECURSE files RELATIVE ${root} ${root}/*)
list(SORT files)
file(READ ${root}/etc/badnessd/badnessd.toml config)
list(JOIN files "\n" text)
message("${text}\n${config}")
