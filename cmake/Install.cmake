# farfield as a library for other projects: farfield::farfield, one shared library of every folder below tools/, whose
# headers need LibTorch's and nothing else. Here as a target, after `cmake --install` through find_package(farfield).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

file(WRITE ${PROJECT_BINARY_DIR}/library/library.cpp "")
add_library(farfield_library SHARED ${PROJECT_BINARY_DIR}/library/library.cpp)
add_library(farfield::farfield ALIAS farfield_library)
set_target_properties(farfield_library PROPERTIES OUTPUT_NAME farfield EXPORT_NAME farfield VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} INSTALL_RPATH "$ORIGIN;${TORCH_INSTALL_PREFIX}/lib")
target_compile_features(farfield_library PUBLIC cxx_std_20)
target_include_directories(farfield_library PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/farfield>)
target_link_libraries(farfield_library PUBLIC torch PRIVATE
  $<BUILD_INTERFACE:farfield_analysis> $<BUILD_INTERFACE:farfield_train>)
# Everything in them, used or not.
set_target_properties(farfield_library PROPERTIES LINK_LIBRARY_OVERRIDE
  "WHOLE_ARCHIVE,farfield_core,farfield_models,farfield_samplers,farfield_analysis,farfield_train")

if(FARFIELD_INSTALL)
  set(place ${CMAKE_INSTALL_LIBDIR}/cmake/farfield)
  install(TARGETS farfield_library EXPORT farfieldTargets)
  install(EXPORT farfieldTargets NAMESPACE farfield:: DESTINATION ${place})
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/farfieldConfig.cmake.in
    ${PROJECT_BINARY_DIR}/farfieldConfig.cmake INSTALL_DESTINATION ${place})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/farfieldConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/farfieldConfig.cmake ${PROJECT_BINARY_DIR}/farfieldConfigVersion.cmake
    DESTINATION ${place})
  foreach(folder core models samplers analysis train)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/farfield
      FILES_MATCHING PATTERN *.h)
  endforeach()
  set_target_properties(farfield PROPERTIES INSTALL_RPATH "${TORCH_INSTALL_PREFIX}/lib")
  install(TARGETS farfield)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs ${PROJECT_SOURCE_DIR}/assets DESTINATION ${CMAKE_INSTALL_DATADIR}/farfield)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN *.md PATTERN *.png)
  install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/CHANGELOG.md
    DESTINATION ${CMAKE_INSTALL_DOCDIR})
endif()
