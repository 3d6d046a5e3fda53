# Writes a C++ source with the text of each page in DIR and in common/pages/:
#   cmake -DPAGES=DIR -DOUTPUT=FILE -DNAMESPACE=NAME -P embed_pages.cmake
file(GLOB pages ${CMAKE_CURRENT_LIST_DIR}/pages/* ${PAGES}/*)
set(text "#include \"pages.h\"\n\nnamespace ${NAMESPACE} {\n\nconst std::map<std::string, std::string>& pages() {\n")
string(APPEND text "  static const std::map<std::string, std::string> kPages = {\n")
foreach(page IN LISTS pages)
  get_filename_component(name ${page} NAME)
  file(READ ${page} content)
  string(APPEND text "    {\"${name}\", R\"page(${content})page\"},\n")
endforeach()
string(APPEND text "  };\n  return kPages;\n}\n\n}  // namespace ${NAMESPACE}\n")
file(WRITE ${OUTPUT} "${text}")
