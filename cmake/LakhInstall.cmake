# `find_package(lakh)` for other projects: libraries, headers, and the dependencies that they need in turn.
include(CMakePackageConfigHelpers)

get_property(rooms GLOBAL PROPERTY LAKH_ROOMS)
install(TARGETS ${rooms} lakh_options EXPORT lakhTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/lakh DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp")
install(EXPORT lakhTargets NAMESPACE lakh:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lakh)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/lakhConfig.cmake.in ${PROJECT_BINARY_DIR}/lakhConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lakh)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/lakhConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/lakhConfig.cmake ${PROJECT_BINARY_DIR}/lakhConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lakh)
