# Installs the headers and a package. Another project then writes:
#   find_package(masterclock CONFIG REQUIRED)
#   target_link_libraries(playout PRIVATE masterclock::masterclock)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/masterclock)
install(TARGETS masterclock EXPORT masterclockTargets FILE_SET HEADERS)
install(EXPORT masterclockTargets NAMESPACE masterclock:: DESTINATION ${package_dir})
configure_package_config_file(cmake/masterclockConfig.cmake.in masterclockConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(masterclockConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/masterclockConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/masterclockConfigVersion.cmake
  DESTINATION ${package_dir})
