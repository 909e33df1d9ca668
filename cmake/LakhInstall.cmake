# `find_package(lakh)` for other projects: libraries, headers, and the dependencies that they need in turn.
# Two components: `program` (what a user runs) and `dev` (what another project builds on), so that
# `cmake --install build/release --component dev --prefix DIR` needs only the libraries built.
include(CMakePackageConfigHelpers)

set(lakh_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lakh)
get_property(rooms GLOBAL PROPERTY LAKH_ROOMS)
install(TARGETS ${rooms} lakh_options EXPORT lakhTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/lakh DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev
  FILES_MATCHING PATTERN "*.hpp"
  PATTERN "*_for_test.hpp" EXCLUDE PATTERN "transcript.hpp" EXCLUDE)
install(EXPORT lakhTargets NAMESPACE lakh:: DESTINATION ${lakh_package_dir} COMPONENT dev)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/lakhConfig.cmake.in ${PROJECT_BINARY_DIR}/lakhConfig.cmake
  INSTALL_DESTINATION ${lakh_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/lakhConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/lakhConfig.cmake ${PROJECT_BINARY_DIR}/lakhConfigVersion.cmake
  DESTINATION ${lakh_package_dir} COMPONENT dev)

if(TARGET lakh)
  install(TARGETS lakh RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
