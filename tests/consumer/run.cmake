# Builds and runs the project PROJECT in the empty folder WORK. Where HEED_BUILD is given, that build
# of heed is installed into WORK first; OPTIONS go to the configuration.
function(step)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "failed (${result}): ${ARGV}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
if(HEED_BUILD)
  step(${CMAKE_COMMAND} --install ${HEED_BUILD} --prefix ${WORK}/prefix)
  list(APPEND OPTIONS -DCMAKE_PREFIX_PATH=${WORK}/prefix)
endif()
step(${CMAKE_COMMAND} -S ${PROJECT} -B ${WORK}/build -G ${GENERATOR} ${OPTIONS})
step(${CMAKE_COMMAND} --build ${WORK}/build --parallel 2)
step(${WORK}/build/consumer)
file(REMOVE_RECURSE ${WORK})
