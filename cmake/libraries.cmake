# Every third-party library, as one target each. ARCHITECTURE.md names the reason for each and the folder it is for.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
set(Boost_NO_WARN_NEW_VERSIONS ON)  # CMake 3.25 is older than the Boost that Debian 12 also ships
find_package(Boost 1.81 EXACT REQUIRED COMPONENTS json url)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS core)
find_package(CLI11 REQUIRED)
find_package(doctest REQUIRED)
pkg_check_modules(SNDFILE REQUIRED IMPORTED_TARGET sndfile)
pkg_check_modules(SOXR REQUIRED IMPORTED_TARGET soxr)
pkg_check_modules(CJOSE REQUIRED IMPORTED_TARGET cjose)
pkg_check_modules(LIBAV REQUIRED IMPORTED_TARGET libavcodec libavutil)
find_package(pugixml REQUIRED)
find_package(simdjson REQUIRED)

# SOCI 4.0.3 of Debian ships no CMake configuration.
find_path(SOCI_INCLUDE_DIR soci/soci.h REQUIRED)
find_library(SOCI_CORE soci_core REQUIRED)
find_library(SOCI_SQLITE3 soci_sqlite3 REQUIRED)
find_library(SOCI_POSTGRESQL soci_postgresql REQUIRED)
add_library(earshot_soci INTERFACE)
target_include_directories(earshot_soci SYSTEM INTERFACE ${SOCI_INCLUDE_DIR} /usr/include/postgresql)
target_link_libraries(earshot_soci INTERFACE ${SOCI_CORE} ${SOCI_SQLITE3} ${SOCI_POSTGRESQL} sqlite3 pq)

# Asio and Beast: their non-template parts are compiled once, in src/net/detail/boost_separate_compilation.cpp. That file
# is a library of its own (cmake/earshot.cmake), because whoever sees a Task refers to Asio, whether it links net or not.
add_library(earshot_asio INTERFACE)
target_link_libraries(earshot_asio INTERFACE Boost::boost Threads::Threads)
target_compile_definitions(earshot_asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
