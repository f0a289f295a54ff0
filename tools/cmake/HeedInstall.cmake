# What `cmake --install` copies: the library, its headers, the command, and what
# `find_package(heed CONFIG)` and `pkg-config heed` read.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/heed)

install(TARGETS heed EXPORT heedTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET heed_command)
  file(RELATIVE_PATH to_libraries ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(heed_command PROPERTIES INSTALL_RPATH "$ORIGIN/${to_libraries}")
  install(TARGETS heed_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(NOT CMAKE_CROSSCOMPILING)
    install(DIRECTORY ${PROJECT_BINARY_DIR}/share/ DESTINATION ${CMAKE_INSTALL_DATAROOTDIR})
  endif()
endif()

# Headers that sources share among themselves stay at home; no installed one includes them.
set(internal core/bfloat16.hpp core/broadcast.hpp core/loops core/onednn.hpp
  core/files/file_calls.hpp core/files/safetensors_header.hpp core/kernels/dispatch.hpp
  core/kernels/iterate.hpp core/kernels/rounding.hpp core/kernels/row_access.hpp
  layers/check.hpp layers/few_queries.hpp models/recurrent_decoding.hpp
  models/config/config_keys.hpp models/metrics/bootstrap.hpp models/metrics/ngrams.hpp
  models/metrics/segments.hpp models/search/candidates.hpp
  models/text/character_kinds_tables.hpp models/text/code_range.hpp
  models/text/letter_case_tables.hpp models/training/best_model.hpp models/training/loop
  models/training/train_log.hpp models/translate/attention_layers.hpp
  models/translate/attention_sizes.hpp models/translate/source_lines.hpp
  models/translate/translator_batches.hpp optim/state_reader.hpp)
set(but_internal "")
foreach(path ${internal})
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${path})
    message(FATAL_ERROR "heed: ${path}, which is not to be installed, is gone")
  endif()
  list(APPEND but_internal REGEX "/${path}$" EXCLUDE)
endforeach()
foreach(folder core layers optim models)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/heed
    FILES_MATCHING PATTERN "*.hpp" ${but_internal})
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/heed.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/heed)

install(EXPORT heedTargets NAMESPACE heed:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/heedConfig.cmake.in
  ${PROJECT_BINARY_DIR}/heedConfig.cmake INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/heedConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/heedConfig.cmake ${PROJECT_BINARY_DIR}/heedConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/FindOpenBLAS.cmake
              ${CMAKE_CURRENT_LIST_DIR}/FindOneDNN.cmake
  DESTINATION ${package_dir})

# heed.pc, whose paths are relative to its own. A static library does not bring its own libraries
# along: there its users need them with and without `pkg-config --static`.
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH to_headers ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_FULL_INCLUDEDIR})
get_filename_component(openblas_dir ${OPENBLAS_LIBRARY} DIRECTORY)
set(libs_private "")
if(NOT openblas_dir IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
  string(APPEND libs_private " -L${openblas_dir}")
endif()
string(APPEND libs_private " -lopenblas -pthread")
if(HEED_HAS_ONEDNN)
  get_filename_component(onednn_dir ${ONEDNN_LIBRARY} DIRECTORY)
  if(NOT onednn_dir IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    string(APPEND libs_private " -L${onednn_dir}")
  endif()
  string(APPEND libs_private " -ldnnl -ldl")
endif()
if(HEED_SANITIZE)
  string(APPEND libs_private " -fsanitize=${HEED_SANITIZERS}")
endif()
set(libs "")
if(NOT BUILD_SHARED_LIBS)
  set(libs "${libs_private}")
  set(libs_private "")
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/heed.pc.in ${PROJECT_BINARY_DIR}/heed.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/heed.pc DESTINATION ${pkgconfig_dir})
