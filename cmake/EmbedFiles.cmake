# farfield_embed(TARGET NAME FILE): the bytes of FILE inside TARGET, as the symbols farfield_NAME_begin and
# farfield_NAME_end. The file is taken in by the assembler, so even a megabyte costs no compile time.
enable_language(ASM)

function(farfield_embed target name file)
  set(source ${PROJECT_BINARY_DIR}/embed/${name}.S)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
.section .rodata
.global farfield_@name@_begin
.global farfield_@name@_end
farfield_@name@_begin:
.incbin "@file@"
farfield_@name@_end:
.byte 0
.section .note.GNU-stack,"",%progbits
]])
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${file})
  target_sources(${target} PRIVATE ${source})
endfunction()

# farfield_vega_script(OUTPUT): makes OUTPUT, the script that draws the charts of a report (Vega, Vega-Lite and
# Vega-Embed in one file), from the Python package vl-convert-python. Without the package it is empty, and reports show
# their numbers as tables.
function(farfield_vega_script output)
  set(maker ${PROJECT_SOURCE_DIR}/cmake/vega_script.py)
  set(found)
  set(chosen)  # by scripts/setup
  if(EXISTS ${PROJECT_SOURCE_DIR}/.venv/farfield-env)
    file(STRINGS ${PROJECT_SOURCE_DIR}/.venv/farfield-env chosen REGEX "^PYTHON=")
    string(REGEX REPLACE "^PYTHON=" "" chosen "${chosen}")
  endif()
  foreach(python ${chosen} ${PROJECT_SOURCE_DIR}/.venv/bin/python python3)
    execute_process(COMMAND ${python} -c "import vl_convert" RESULT_VARIABLE missing OUTPUT_QUIET ERROR_QUIET)
    if(NOT missing)
      set(found ${python})
      break()
    endif()
  endforeach()
  if(found)
    add_custom_command(OUTPUT ${output} COMMAND ${found} ${maker} ${output} DEPENDS ${maker}
      COMMENT "Bundling the chart script" VERBATIM)
  else()
    message(STATUS "reports without charts: no vl-convert-python (run scripts/setup, or "
                   "python3 -m pip install vl-convert-python, then scripts/build)")
    file(GENERATE OUTPUT ${output} CONTENT "")
  endif()
endfunction()
