# OpenBLAS itself, not the libblas alternative, as the target OpenBLAS::OpenBLAS.
find_path(OPENBLAS_INCLUDE_DIR cblas.h
  PATH_SUFFIXES openblas openblas-pthread openblas-openmp openblas-serial
                x86_64-linux-gnu/openblas-pthread x86_64-linux-gnu
  DOC "Folder of OpenBLAS's cblas.h")
find_library(OPENBLAS_LIBRARY openblas
  PATH_SUFFIXES openblas-pthread openblas-openmp openblas-serial
  DOC "OpenBLAS itself, not libblas")
mark_as_advanced(OPENBLAS_INCLUDE_DIR OPENBLAS_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenBLAS
  REQUIRED_VARS OPENBLAS_LIBRARY OPENBLAS_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "On Debian: apt-get install libopenblas-dev")

if(OpenBLAS_FOUND AND NOT TARGET OpenBLAS::OpenBLAS)
  add_library(OpenBLAS::OpenBLAS UNKNOWN IMPORTED)
  set_target_properties(OpenBLAS::OpenBLAS PROPERTIES
    IMPORTED_LOCATION ${OPENBLAS_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${OPENBLAS_INCLUDE_DIR})
endif()
