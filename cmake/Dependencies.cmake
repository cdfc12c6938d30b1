# Every third-party library, as one target each, with system includes so that its warnings stay out of our build.
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
