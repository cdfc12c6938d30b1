# A build folder on behalf of pip: scikit-build-core sets SKBUILD and Python_EXECUTABLE, the Python that installs.

# farfield_wheel_begin(): LibTorch is that of this Python, never another.
macro(farfield_wheel_begin)
  execute_process(COMMAND ${Python_EXECUTABLE} -c "import torch; print(torch.utils.cmake_prefix_path)"
    OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE missing)
  if(missing)
    message(FATAL_ERROR "no torch beside ${Python_EXECUTABLE}: install torch first, then farfield with "
                        "pip install --no-build-isolation, for an isolated build does not see it")
  endif()
  if(Torch_DIR AND NOT Torch_DIR STREQUAL "${prefix}/Torch")
    message(FATAL_ERROR "${PROJECT_BINARY_DIR} is built with the torch in ${Torch_DIR}, this Python has the one in "
                        "${prefix}/Torch: give the wheel a folder of its own with pip install -C build-dir=build-wheel")
  endif()
  list(PREPEND CMAKE_PREFIX_PATH ${prefix})
endmacro()

# farfield_wheel_end(): forgets what pip chose, so that the folder goes on as the program's.
function(farfield_wheel_end)
  unset(SKBUILD CACHE)
  unset(Python_EXECUTABLE CACHE)
endfunction()
