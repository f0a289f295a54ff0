# oneDNN 2 as the target OneDNN::OneDNN. Its own package also asks for OpenCL, which heed does not use.
find_path(ONEDNN_INCLUDE_DIR oneapi/dnnl/dnnl.hpp DOC "Folder above oneDNN's oneapi/dnnl")
find_library(ONEDNN_LIBRARY dnnl DOC "oneDNN")
mark_as_advanced(ONEDNN_INCLUDE_DIR ONEDNN_LIBRARY)

# The interface of version 3 is another one; bfloat16 is fast since 2.4 or so, seen with 2.6.
set(ONEDNN_VERSION_2 "")
if(ONEDNN_INCLUDE_DIR AND EXISTS ${ONEDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h)
  file(STRINGS ${ONEDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h ONEDNN_VERSION_2
    REGEX "define DNNL_VERSION_MAJOR 2$")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OneDNN
  REQUIRED_VARS ONEDNN_LIBRARY ONEDNN_INCLUDE_DIR ONEDNN_VERSION_2
  REASON_FAILURE_MESSAGE "On Debian 12: apt-get install libdnnl-dev")

if(OneDNN_FOUND AND NOT TARGET OneDNN::OneDNN)
  add_library(OneDNN::OneDNN UNKNOWN IMPORTED)
  set_target_properties(OneDNN::OneDNN PROPERTIES
    IMPORTED_LOCATION ${ONEDNN_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${ONEDNN_INCLUDE_DIR})
endif()
