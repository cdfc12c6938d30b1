# Every third-party library, as one target each, with system includes so that its warnings stay out of our build.

# farfield_choose_torch(): LibTorch is what the caller names (Torch_DIR or CMAKE_PREFIX_PATH, as variables or in the
# environment), or else what scripts/setup chose.
macro(farfield_choose_torch)
  set(choice ${PROJECT_SOURCE_DIR}/.venv/farfield-env)
  if(PROJECT_IS_TOP_LEVEL AND EXISTS ${choice} AND NOT Torch_DIR AND NOT CMAKE_PREFIX_PATH
     AND NOT DEFINED ENV{Torch_DIR} AND NOT DEFINED ENV{CMAKE_PREFIX_PATH})
    file(STRINGS ${choice} lines REGEX "^(Torch_DIR|CMAKE_PREFIX_PATH)=")
    foreach(line ${lines})
      string(REGEX MATCH "^([^=]*)=(.*)$" matched "${line}")
      set(${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
    endforeach()
  endif()
endmacro()
farfield_choose_torch()
find_package(Torch REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(farfield_torch INTERFACE)
target_include_directories(farfield_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(farfield_torch INTERFACE ${TORCH_LIBRARIES})

pkg_check_modules(FARFIELD_ZIP REQUIRED IMPORTED_TARGET libzip zlib)
add_library(farfield_zip INTERFACE)
target_link_libraries(farfield_zip INTERFACE PkgConfig::FARFIELD_ZIP)

pkg_check_modules(FARFIELD_CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
add_library(farfield_crypto INTERFACE)
target_link_libraries(farfield_crypto INTERFACE PkgConfig::FARFIELD_CRYPTO)

pkg_check_modules(FARFIELD_YAML REQUIRED IMPORTED_TARGET yaml-cpp)
add_library(farfield_yaml INTERFACE)
target_link_libraries(farfield_yaml INTERFACE PkgConfig::FARFIELD_YAML)

# Debian keeps OpenCVConfig.cmake in the huge libopencv-dev: without it, take headers and libraries by name.
add_library(farfield_opencv INTERFACE)
find_package(OpenCV QUIET COMPONENTS core imgproc imgcodecs)
if(OpenCV_FOUND)
  target_include_directories(farfield_opencv SYSTEM INTERFACE ${OpenCV_INCLUDE_DIRS})
  target_link_libraries(farfield_opencv INTERFACE ${OpenCV_LIBS})
else()
  find_path(FARFIELD_OPENCV_INCLUDE opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4 REQUIRED)
  target_include_directories(farfield_opencv SYSTEM INTERFACE ${FARFIELD_OPENCV_INCLUDE})
  foreach(part core imgproc imgcodecs)
    find_library(FARFIELD_OPENCV_${part} opencv_${part} REQUIRED)
    target_link_libraries(farfield_opencv INTERFACE ${FARFIELD_OPENCV_${part}})
  endforeach()
endif()

# Optional: many processes as one group.
set(MPI_CXX_SKIP_MPICXX TRUE)
find_package(MPI QUIET COMPONENTS CXX)

# farfield_use_mpi(SOURCE): the one source of farfield_core that knows MPI is compiled and linked for it, where it is
# there. Of the libraries only C's is wanted.
function(farfield_use_mpi source)
  if(NOT MPI_CXX_FOUND)
    message(STATUS "no MPI: farfield runs as one process (apt-get install libopenmpi-dev openmpi-bin, then scripts/build)")
    return()
  endif()
  set(libraries ${MPI_CXX_LIBRARIES})
  list(FILTER libraries EXCLUDE REGEX "mpi_cxx|mpicxx")
  set_source_files_properties(${source} PROPERTIES INCLUDE_DIRECTORIES "${MPI_CXX_INCLUDE_DIRS}"
    COMPILE_DEFINITIONS "FARFIELD_HAS_MPI;OMPI_SKIP_MPICXX;MPICH_SKIP_MPICXX" SKIP_PRECOMPILE_HEADERS ON)
  target_link_libraries(farfield_core PRIVATE ${libraries})
endfunction()

# farfield_use_nccl(SOURCE): the same for NCCL, which a CUDA build of LibTorch brings along; its header lies beside the
# wheel or in the system.
function(farfield_use_nccl source)
  if(NOT TARGET torch_cuda)
    return()
  endif()
  find_path(FARFIELD_NCCL_INCLUDE nccl.h HINTS ${TORCH_INSTALL_PREFIX}/../nvidia/nccl/include)
  if(NOT FARFIELD_NCCL_INCLUDE)
    message(STATUS "no nccl.h: CUDA tensors travel between ranks through the host (install libnccl-dev, then scripts/build)")
    return()
  endif()
  set_source_files_properties(${source} PROPERTIES INCLUDE_DIRECTORIES "${FARFIELD_NCCL_INCLUDE}"
    COMPILE_DEFINITIONS "FARFIELD_HAS_NCCL;USE_C10D_NCCL" SKIP_PRECOMPILE_HEADERS ON)
endfunction()
