# The library: an object library for each folder; together they are the one library heed::heed.
find_package(nlohmann_json REQUIRED)
find_package(OpenBLAS REQUIRED)
find_package(Threads REQUIRED)
set(HEED_HAS_ONEDNN OFF)
if(NOT HEED_ONEDNN STREQUAL "OFF")
  find_package(OneDNN QUIET)
  set(HEED_HAS_ONEDNN ${OneDNN_FOUND})
  if(HEED_ONEDNN STREQUAL "ON" AND NOT HEED_HAS_ONEDNN)
    message(FATAL_ERROR "heed: HEED_ONEDNN is ON, but there is no oneDNN 2 (apt-get install libdnnl-dev)")
  endif()
endif()

# Headers stand beside their sources and include each other by relative paths. For those who use the
# library from the build tree, one link makes them <heed/heed.hpp> and <heed/FOLDER/NAME.hpp>.
set(HEED_INCLUDE_DIR ${CMAKE_CURRENT_BINARY_DIR}/include)
file(MAKE_DIRECTORY ${HEED_INCLUDE_DIR})
if(IS_DIRECTORY ${HEED_INCLUDE_DIR}/heed AND NOT IS_SYMLINK ${HEED_INCLUDE_DIR}/heed)
  file(REMOVE_RECURSE ${HEED_INCLUDE_DIR}/heed)  # of links, one a folder: older builds have it
endif()
file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${HEED_INCLUDE_DIR}/heed SYMBOLIC)

add_library(heed_options INTERFACE)
target_compile_features(heed_options INTERFACE cxx_std_20)
# Clang counts changes of sign among conversions, GCC does not.
target_compile_options(heed_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>
  $<$<BOOL:${HEED_WARNINGS_AS_ERRORS}>:-Werror>)
set(HEED_SANITIZERS address,undefined)
if(HEED_SANITIZE STREQUAL "thread")
  set(HEED_SANITIZERS thread)
endif()
if(HEED_SANITIZE)
  target_compile_definitions(heed_options INTERFACE HEED_SANITIZED)
  target_compile_options(heed_options INTERFACE -fsanitize=${HEED_SANITIZERS}
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g)
  target_link_options(heed_options INTERFACE -fsanitize=${HEED_SANITIZERS})
endif()
if(HEED_FUZZ)
  target_compile_options(heed_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(heed_folder name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/core/loops/")  # compiled once for each instruction set, below
  if(NOT sources)
    return()
  endif()
  add_library(heed_${name} OBJECT ${sources})
  set_target_properties(heed_${name} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(heed_${name} PRIVATE heed_options nlohmann_json::nlohmann_json)
  # Sections of their own: a program linked with --gc-sections leaves out what it does not call.
  target_compile_options(heed_${name} PRIVATE -ffunction-sections
                         $<$<OR:$<CONFIG:Release>,$<CONFIG:>>:${ARGN}>)
endfunction()

# Time is spent in core/loops and in BLAS: what stands above them is compiled quickly, or small, instead.
# No program replaces a function of heed's core, so calls within it may be inlined.
heed_folder(core -O2 -fno-semantic-interposition)
foreach(folder layers optim)
  heed_folder(${folder} -O1)
endforeach()
heed_folder(models -Os)
# The choice of the next word is a loop over the vocabulary.
set_source_files_properties(models/search/candidates.cpp PROPERTIES
  COMPILE_OPTIONS "$<$<OR:$<CONFIG:Release>,$<CONFIG:>>:-O2>")
# JSON is as slow to compile as it is quick to read.
set_source_files_properties(core/files/json_parser.cpp core/files/json_reader.cpp
  core/files/safetensors_header.cpp PROPERTIES
  COMPILE_OPTIONS "$<$<OR:$<CONFIG:Release>,$<CONFIG:>>:-Os>")

# Its loops, unrolled and then checked at every step, take GCC minutes at -O3.
if(HEED_SANITIZE)
  set_source_files_properties(core/loops/attention.cpp PROPERTIES COMPILE_OPTIONS -O1)
endif()

add_library(heed $<TARGET_OBJECTS:heed_core>)
foreach(folder layers optim models)
  if(TARGET heed_${folder})
    target_sources(heed PRIVATE $<TARGET_OBJECTS:heed_${folder}>)
  endif()
endforeach()
add_library(heed::heed ALIAS heed)
target_compile_features(heed PUBLIC cxx_std_20)
target_include_directories(heed PUBLIC $<BUILD_INTERFACE:${HEED_INCLUDE_DIR}>
                                       $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(heed PRIVATE OpenBLAS::OpenBLAS Threads::Threads)
set_target_properties(heed PROPERTIES VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
if(HEED_SANITIZE)
  target_link_options(heed PUBLIC -fsanitize=${HEED_SANITIZERS})
endif()
target_link_libraries(heed_core PRIVATE OpenBLAS::OpenBLAS)
if(HEED_HAS_ONEDNN)
  target_link_libraries(heed PRIVATE OneDNN::OneDNN ${CMAKE_DL_LIBS})
  target_link_libraries(heed_core PRIVATE OneDNN::OneDNN)
  set_property(SOURCE ${PROJECT_SOURCE_DIR}/core/onednn.cpp APPEND PROPERTY
    COMPILE_DEFINITIONS HEED_HAS_ONEDNN)
endif()

# The loops over elements, once for each instruction set; chosen at start-up.
file(GLOB loops CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/core/loops/*.cpp)
set(flags_baseline "")
set(flags_avx2 -mavx2 -mfma -mbmi2)
set(flags_avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mbmi2 -mprefer-vector-width=512)
foreach(isa baseline avx2 avx512)
  if(loops AND (isa STREQUAL "baseline" OR CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64"))
    add_library(heed_loops_${isa} OBJECT ${loops})
    set_target_properties(heed_loops_${isa} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
    target_compile_definitions(heed_loops_${isa} PRIVATE HEED_ISA=${isa})
    target_compile_options(heed_loops_${isa} PRIVATE -O3 -fno-exceptions -fno-math-errno -fno-trapping-math
      -ffp-contract=fast ${flags_${isa}})
    target_link_libraries(heed_loops_${isa} PRIVATE heed_options)
    target_sources(heed PRIVATE $<TARGET_OBJECTS:heed_loops_${isa}>)
  endif()
endforeach()
