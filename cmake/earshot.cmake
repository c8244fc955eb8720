# How a folder of src/ becomes a library and a test program.

add_library(earshot_flags INTERFACE)
target_compile_options(earshot_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror -Wno-missing-field-initializers
  -Wno-missing-designated-field-initializers
  -g1 -fno-omit-frame-pointer
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
target_link_options(earshot_flags INTERFACE -fuse-ld=lld)
target_include_directories(earshot_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)

if(EARSHOT_SANITIZE STREQUAL "address")
  target_compile_options(earshot_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-sanitize=vptr,function)
  target_link_options(earshot_flags INTERFACE -fsanitize=address,undefined)
elseif(EARSHOT_SANITIZE STREQUAL "thread")
  target_compile_options(earshot_flags INTERFACE -fsanitize=thread)
  target_link_options(earshot_flags INTERFACE -fsanitize=thread)
elseif(NOT EARSHOT_SANITIZE STREQUAL "")
  message(FATAL_ERROR "EARSHOT_SANITIZE is '${EARSHOT_SANITIZE}'; it may be address, thread or empty")
endif()
if(EARSHOT_FUZZ)
  target_compile_options(earshot_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

set(boost_separate_compilation ${CMAKE_SOURCE_DIR}/src/net/detail/boost_separate_compilation.cpp)
add_library(earshot_boost_compiled STATIC ${boost_separate_compilation})
target_link_libraries(earshot_boost_compiled PRIVATE earshot_flags earshot_asio OpenSSL::SSL)
if(NOT EARSHOT_SANITIZE STREQUAL "")
  target_compile_options(earshot_boost_compiled PRIVATE -O0)
endif()
# Only its link: the flags above are those of its own sources.
target_link_libraries(earshot_asio INTERFACE $<LINK_ONLY:earshot_boost_compiled>)

# earshot_module(NAME [DEPENDS other modules…] [LIBRARIES third-party targets…] [SANITIZERS_UNOPTIMISED])
# Every *.cpp of the folder but *_test.cpp and main.cpp is the library `earshot_NAME`; every *_test.cpp is in the
# program `NAME_test`, one ctest. A folder without sources is an interface library.
function(earshot_module name)
  cmake_parse_arguments(ARG "SANITIZERS_UNOPTIMISED" "" "DEPENDS;LIBRARIES;TEST_DEPENDS;TEST_LABELS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|/main|/boost_separate_compilation)\\.cpp$")
  list(TRANSFORM ARG_DEPENDS PREPEND earshot_)
  list(TRANSFORM ARG_TEST_DEPENDS PREPEND earshot_)
  if(sources)
    add_library(earshot_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(earshot_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(earshot_${name} ${scope} earshot_flags ${ARG_DEPENDS} ${ARG_LIBRARIES})
  if(ARG_SANITIZERS_UNOPTIMISED AND sources AND NOT EARSHOT_SANITIZE STREQUAL "")
    # Beast under sanitizers takes 160 s a file at -O1 and 34 s at -O0.
    target_compile_options(earshot_${name} PRIVATE -O0)
  endif()
  if(EARSHOT_TESTS AND tests)
    earshot_test(${name}_test SOURCES ${tests} DEPENDS ${name} ${ARG_TEST_DEPENDS} LABELS ${ARG_TEST_LABELS} PREFIXED)
  endif()
endfunction()

# For whatever runs sanitized: reports with names and lines (Debian has no unversioned symbolizer), and an end at the first.
set(EARSHOT_TEST_ENVIRONMENT
  "ASAN_OPTIONS=detect_stack_use_after_return=1:external_symbolizer_path=/usr/bin/llvm-symbolizer-19"
  "UBSAN_OPTIONS=print_stacktrace=1"
  "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:external_symbolizer_path=/usr/bin/llvm-symbolizer-19")

# earshot_test(NAME SOURCES … DEPENDS modules… [LABELS …]): one doctest program, one ctest.
function(earshot_test name)
  cmake_parse_arguments(ARG "PREFIXED" "TIMEOUT" "SOURCES;DEPENDS;LABELS;LIBRARIES" ${ARGN})
  set(depends "")
  foreach(dep IN LISTS ARG_DEPENDS)
    string(REGEX REPLACE "^earshot_" "" dep ${dep})
    list(APPEND depends earshot_${dep})
  endforeach()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE earshot_test_support ${depends} ${ARG_LIBRARIES})
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
    ENVIRONMENT "${EARSHOT_TEST_ENVIRONMENT}")
  set_property(GLOBAL APPEND PROPERTY EARSHOT_TESTS_ALL ${name})
  if("threads" IN_LIST ARG_LABELS)
    set_property(GLOBAL APPEND PROPERTY EARSHOT_TESTS_THREADS ${name})
  endif()
endfunction()

# earshot_program(NAME module): the executable whose main.cpp stands in the module's folder, as bin/NAME of the build;
# nothing without a main.cpp.
function(earshot_program name module)
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/main.cpp)
    return()
  endif()
  add_executable(${name} main.cpp)
  target_link_libraries(${name} PRIVATE earshot_${module})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  set_property(GLOBAL APPEND PROPERTY EARSHOT_PROGRAMS ${name})
endfunction()

# earshot_links(VARIABLE SOURCE): the modules that the first line of a benchmark or a fuzz target names, `// links: acs net`,
# which is also looked at again when the source changes. Empty, with a warning, when the line says nothing of the kind.
function(earshot_links variable source)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(STRINGS ${source} first_line LIMIT_COUNT 1)
  if(first_line MATCHES "^// links: ([a-z0-9_ ]+)$")
    string(STRIP "${CMAKE_MATCH_1}" modules)
    string(REGEX REPLACE " +" ";" modules "${modules}")
  else()
    message(WARNING "${source}: skipped; its first line must name the modules to link, as in '// links: acs net'")
    set(modules "")
  endif()
  set(${variable} ${modules} PARENT_SCOPE)
endfunction()

# earshot_bench(NAME SOURCES … DEPENDS modules… [LIBRARIES …]): a benchmark, run by `./dev bench NAME`.
function(earshot_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  list(TRANSFORM ARG_DEPENDS PREPEND earshot_)
  add_executable(bench_${name} ${ARG_SOURCES})
  target_link_libraries(bench_${name} PRIVATE earshot_flags ${ARG_DEPENDS} ${ARG_LIBRARIES})
  target_include_directories(bench_${name} PRIVATE ${CMAKE_SOURCE_DIR})
  set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name}
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  set_property(GLOBAL APPEND PROPERTY EARSHOT_BENCHES bench_${name})
endfunction()

# Targets that stand for many, so that each stage of ./dev builds no more than it runs. Called once, at the end.
function(earshot_aggregates)
  get_property(programs GLOBAL PROPERTY EARSHOT_PROGRAMS)
  get_property(tests GLOBAL PROPERTY EARSHOT_TESTS_ALL)
  get_property(threads GLOBAL PROPERTY EARSHOT_TESTS_THREADS)
  get_property(benches GLOBAL PROPERTY EARSHOT_BENCHES)
  add_custom_target(all_programs DEPENDS ${programs})
  if(tests)
    # Process and interop tests start the programs. Benchmarks are only built, or they would rot unseen.
    add_custom_target(tests_all DEPENDS ${tests} ${programs} ${benches})
  endif()
  if(threads)
    add_custom_target(tests_threads DEPENDS ${threads})
  endif()
  if(benches)
    add_custom_target(benches DEPENDS ${benches})
  endif()
endfunction()

# The target all_headers: each public header compiled alone, so that no header leans on what its includers include.
function(earshot_all_headers)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/src/*.hpp)
  list(FILTER headers EXCLUDE REGEX "/detail/")
  set(sources "")
  foreach(header IN LISTS headers)
    string(REPLACE "/" "_" stem ${header})
    set(source ${CMAKE_BINARY_DIR}/all_headers/${stem}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"@header@\"\n" @ONLY)
    list(APPEND sources ${source})
  endforeach()
  add_library(all_headers OBJECT EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(all_headers PRIVATE earshot_app earshot_simulator doctest::doctest)
endfunction()
