# ccache for g++, where there is one. The settings make precompiled headers and moved checkouts cacheable, and keep it from reading
# the half gigabyte of the precompiled header again for every file.
find_program(FARFIELD_CCACHE ccache)
if(FARFIELD_CCACHE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_INODECACHE=1 ${FARFIELD_CCACHE})
  add_compile_options(-fpch-preprocess)
endif()
