# Installs the headers and a package. Another project then writes:
#   find_package(masterclock CONFIG REQUIRED)
#   target_link_libraries(playout PRIVATE masterclock::masterclock)
# A project without CMake asks pkg-config for masterclock. `cpack -G DEB` makes the package libmasterclock-dev.
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

# The prefix follows from the place of the file, so that the tree may move.
set(pc_dir ${CMAKE_INSTALL_DATADIR}/pkgconfig)
string(REGEX REPLACE "[^/]+" ".." prefix_from_pc ${pc_dir})
configure_file(cmake/masterclock.pc.in masterclock.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/masterclock.pc DESTINATION ${pc_dir})

install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libmasterclock-dev RENAME copyright)

if(NOT PROJECT_IS_TOP_LEVEL)
  return()  # the package is that of the parent
endif()
set(CPACK_PACKAGE_NAME libmasterclock-dev)
set(CPACK_PACKAGE_CONTACT "the masterclock developers")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_CURRENT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libabsl-dev, tzdata")
include(CPack)
