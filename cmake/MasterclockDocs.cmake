# The pages of the library, from its comments: cmake --build BUILD --target docs
find_package(Doxygen 1.9 QUIET)
find_package(Python3 3.9 QUIET COMPONENTS Interpreter)
if(TARGET Doxygen::doxygen AND Python3_FOUND)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/docs/Doxyfile.in Doxyfile @ONLY)
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/docs)
  add_custom_target(docs COMMAND Doxygen::doxygen Doxyfile VERBATIM
    COMMENT "Writing ${CMAKE_CURRENT_BINARY_DIR}/docs/html/index.html")
else()
  message(STATUS "masterclock: without the target docs (needs Doxygen 1.9 and Python 3.9)")
endif()
