# Flags of our own code, in one place.
add_library(farfield_flags INTERFACE)
target_compile_options(farfield_flags INTERFACE -Wall -Wextra -Wpedantic -Winvalid-pch -ffp-contract=off)
# Position-independent everywhere, so that the same objects make the program and a shared library; one flag for all,
# because a precompiled header is valid for one choice only (CMake's property gives programs -fPIE).
target_compile_options(farfield_flags INTERFACE -fPIC -fno-semantic-interposition)
if(FARFIELD_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(farfield_flags INTERFACE -Wno-subobject-linkage)  # sources count as headers when grouped
endif()
target_include_directories(farfield_flags INTERFACE ${PROJECT_SOURCE_DIR})
if(FARFIELD_WERROR)
  target_compile_options(farfield_flags INTERFACE -Werror)
endif()
if(FARFIELD_SANITIZE)
  target_compile_options(farfield_flags INTERFACE -fsanitize=${FARFIELD_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer -g1)
  target_link_options(farfield_flags INTERFACE -fsanitize=${FARFIELD_SANITIZE})
endif()

# One precompiled header for all of our code: torch's tensor types cost seven seconds a file without it.
file(WRITE ${PROJECT_BINARY_DIR}/pch/pch.cpp "")
add_library(farfield_pch STATIC ${PROJECT_BINARY_DIR}/pch/pch.cpp)
target_link_libraries(farfield_pch PUBLIC farfield_flags farfield_torch Threads::Threads)
target_precompile_headers(farfield_pch PRIVATE
  <filesystem> <functional> <map> <memory> <optional> <span> <string> <string_view> <vector>
  <torch/types.h> <nlohmann/json.hpp> <fmt/format.h>)

# farfield_use_pch(TARGET): the common flags, torch and the shared precompiled header. An empty source costs three seconds
# with that header, the instantiation of torch's templates: sources are compiled several at once, so a name in an unnamed
# namespace has to be the only one of its folder.
function(farfield_use_pch target)
  target_link_libraries(${target} PUBLIC farfield_flags farfield_torch Threads::Threads)
  target_precompile_headers(${target} REUSE_FROM farfield_pch)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${FARFIELD_UNITY} UNITY_BUILD_MODE GROUP)
  farfield_group_sources(${target})
endfunction()

# Which sources are compiled together: those of one room, up to eight or so. A source's group follows from its name alone, so that
# a new file recompiles its own group and not all that come after it; only when a room doubles is everything in it dealt anew.
function(farfield_group_sources target)
  get_target_property(sources ${target} SOURCES)
  set(rooms "")
  foreach(source ${sources})
    file(RELATIVE_PATH room ${PROJECT_SOURCE_DIR} ${source})
    get_filename_component(room ${room} DIRECTORY)
    string(MAKE_C_IDENTIFIER ${room} room)
    list(APPEND rooms ${room})
    list(APPEND sources_of_${room} ${source})
  endforeach()
  list(REMOVE_DUPLICATES rooms)
  foreach(room ${rooms})
    list(LENGTH sources_of_${room} count)
    set(groups 1)
    while(groups LESS 64 AND count GREATER 8)
      math(EXPR groups "2 * ${groups}")
      math(EXPR count "(${count} + 1) / 2")
    endwhile()
    foreach(source ${sources_of_${room}})
      get_filename_component(name ${source} NAME_WE)
      string(SHA1 digest ${name})
      string(SUBSTRING ${digest} 0 6 digits)
      math(EXPR group "0x${digits} % ${groups}")
      set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${room}_${group})
    endforeach()
  endforeach()
endfunction()

# farfield_add_module(NAME [USES MODULE...] [LIBRARIES TARGET...]): one folder, one static library, every source in it.
# core/log.cpp is built apart, with the core/printable.cpp that it needs: spdlog's fmt and torch's fmt must not meet in one
# source file. So is core/fmt.cpp, the compiled half of torch's fmt, which every file with a message would compile again
# (5 s each) if it were header-only.
function(farfield_add_module name)
  cmake_parse_arguments(ARG "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name}/*.cpp)
  list(REMOVE_ITEM sources ${PROJECT_SOURCE_DIR}/core/log.cpp ${PROJECT_SOURCE_DIR}/core/printable.cpp ${PROJECT_SOURCE_DIR}/core/fmt.cpp)
  add_library(farfield_${name} STATIC ${sources})
  farfield_use_pch(farfield_${name})
  list(TRANSFORM ARG_USES PREPEND farfield_)
  target_link_libraries(farfield_${name} PUBLIC ${ARG_USES} PRIVATE ${ARG_LIBRARIES})
  if(name STREQUAL "core")
    add_library(farfield_log STATIC ${PROJECT_SOURCE_DIR}/core/log.cpp ${PROJECT_SOURCE_DIR}/core/printable.cpp)
    target_include_directories(farfield_log PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_definitions(farfield_log PRIVATE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)
    add_library(farfield_fmt STATIC ${PROJECT_SOURCE_DIR}/core/fmt.cpp)
    target_link_libraries(farfield_fmt PRIVATE farfield_torch)
    set_target_properties(farfield_log farfield_fmt farfield_version PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_link_libraries(farfield_core PUBLIC farfield_log farfield_version farfield_fmt)
  endif()
endfunction()

# The git revision, looked up at every build and compiled into a library of its own.
set(version_source ${PROJECT_BINARY_DIR}/generated/version.cpp)
add_custom_target(farfield_revision BYPRODUCTS ${version_source}
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DOUTPUT=${version_source} -DVERSION=${PROJECT_VERSION}
          "-DCOMPILER=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}" -P ${PROJECT_SOURCE_DIR}/cmake/Version.cmake)
add_library(farfield_version STATIC ${version_source})
target_include_directories(farfield_version PRIVATE ${PROJECT_SOURCE_DIR})
add_dependencies(farfield_version farfield_revision)
