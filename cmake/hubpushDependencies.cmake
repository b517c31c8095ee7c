# Finds what hubpush needs, for the build tree and for the installed package alike. Afterwards the targets hubpush::asio
# and hubpush::llhttp exist beside those of OpenSSL, nlohmann_json and the threads library, or HUBPUSH_MISSING lists, one
# line each, what was not found and the Debian package that holds it.
#
# hubpush::asio and hubpush::llhttp are imported targets, so that an export only records their names and whoever uses the
# installed package makes them again with what is on that machine.

set(HUBPUSH_MISSING "")

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads QUIET)
if(NOT Threads_FOUND)
    list(APPEND HUBPUSH_MISSING "a threads library (Debian package libc6-dev)")
endif()

find_package(OpenSSL 3.0 QUIET)
if(NOT OpenSSL_FOUND)
    list(APPEND HUBPUSH_MISSING "OpenSSL 3.0 or newer (Debian package libssl-dev)")
endif()

if(NOT TARGET nlohmann_json::nlohmann_json)
    find_package(nlohmann_json 3.11 QUIET)
    if(NOT nlohmann_json_FOUND)
        list(APPEND HUBPUSH_MISSING "nlohmann_json 3.11 or newer (Debian package nlohmann-json3-dev)")
    endif()
endif()

find_package(PkgConfig QUIET)

if(NOT TARGET hubpush::asio)
    if(NOT TARGET asio::asio)
        find_package(asio CONFIG QUIET)
    endif()
    if(PkgConfig_FOUND AND NOT TARGET asio::asio)
        pkg_check_modules(HUBPUSH_ASIO QUIET asio)
    endif()
    find_path(HUBPUSH_ASIO_INCLUDE_DIR asio/awaitable.hpp HINTS ${HUBPUSH_ASIO_INCLUDE_DIRS})
    mark_as_advanced(HUBPUSH_ASIO_INCLUDE_DIR)
    if(TARGET asio::asio OR HUBPUSH_ASIO_INCLUDE_DIR)
        add_library(hubpush::asio INTERFACE IMPORTED)
        if(TARGET asio::asio)
            target_link_libraries(hubpush::asio INTERFACE asio::asio)
        else()
            target_include_directories(hubpush::asio INTERFACE ${HUBPUSH_ASIO_INCLUDE_DIR})
        endif()
    else()
        list(APPEND HUBPUSH_MISSING "Asio 1.22.1 or newer, without Boost (Debian package libasio-dev)")
    endif()
endif()

if(NOT TARGET hubpush::llhttp)
    # Upstream's package calls its target llhttp_shared, llhttp_static or, from release 9.3 on, llhttp.
    set(hubpush_llhttp_targets llhttp::llhttp llhttp::llhttp_shared llhttp::llhttp_static)
    set(hubpush_llhttp "")
    foreach(attempt IN ITEMS "a target of this project" "a package")
        foreach(candidate IN LISTS hubpush_llhttp_targets)
            if(NOT hubpush_llhttp AND TARGET ${candidate})
                set(hubpush_llhttp ${candidate})
            endif()
        endforeach()
        if(NOT hubpush_llhttp)
            find_package(llhttp CONFIG QUIET)
        endif()
    endforeach()
    if(NOT hubpush_llhttp AND PkgConfig_FOUND)
        pkg_check_modules(HUBPUSH_LLHTTP QUIET IMPORTED_TARGET libllhttp)
        if(TARGET PkgConfig::HUBPUSH_LLHTTP)
            set(hubpush_llhttp PkgConfig::HUBPUSH_LLHTTP)
        endif()
    endif()
    if(NOT hubpush_llhttp)
        # Debian's package node-llhttp holds three C files and their header; they become a small static library. As
        # interface sources they would be dropped without a word in a project whose only language is C++.
        find_path(HUBPUSH_LLHTTP_HEADER_DIR llhttp.h PATH_SUFFIXES include/llhttp share/include/llhttp)
        find_path(HUBPUSH_LLHTTP_SOURCE_DIR llhttp.c PATH_SUFFIXES share/llhttp)
        mark_as_advanced(HUBPUSH_LLHTTP_HEADER_DIR HUBPUSH_LLHTTP_SOURCE_DIR)
        if(HUBPUSH_LLHTTP_HEADER_DIR AND HUBPUSH_LLHTTP_SOURCE_DIR)
            if(NOT TARGET hubpush_llhttp)
                enable_language(C)
                add_library(
                    hubpush_llhttp STATIC ${HUBPUSH_LLHTTP_SOURCE_DIR}/api.c ${HUBPUSH_LLHTTP_SOURCE_DIR}/http.c
                                          ${HUBPUSH_LLHTTP_SOURCE_DIR}/llhttp.c)
                target_include_directories(hubpush_llhttp SYSTEM PUBLIC ${HUBPUSH_LLHTTP_HEADER_DIR})
                # Installed, it serves builds of every kind.
                target_compile_options(hubpush_llhttp PRIVATE -O2)
                set_target_properties(hubpush_llhttp PROPERTIES POSITION_INDEPENDENT_CODE ON)
            endif()
            set(hubpush_llhttp hubpush_llhttp)
        endif()
    endif()
    if(hubpush_llhttp)
        add_library(hubpush::llhttp INTERFACE IMPORTED)
        target_link_libraries(hubpush::llhttp INTERFACE ${hubpush_llhttp})
    else()
        list(APPEND HUBPUSH_MISSING "llhttp 8.1 or newer (Debian package node-llhttp)")
    endif()
endif()

# Optional: without liblz4 xorbs are written uncompressed; they are read either way. Whether this library was there when
# hubpush was installed does not matter, only whether it is where hubpush is used.
if(NOT TARGET hubpush::lz4)
    find_path(HUBPUSH_LZ4_INCLUDE_DIR lz4.h)
    find_library(HUBPUSH_LZ4_LIBRARY lz4)
    mark_as_advanced(HUBPUSH_LZ4_INCLUDE_DIR HUBPUSH_LZ4_LIBRARY)
    if(HUBPUSH_LZ4_INCLUDE_DIR AND HUBPUSH_LZ4_LIBRARY)
        add_library(hubpush::lz4 INTERFACE IMPORTED)
        target_include_directories(hubpush::lz4 INTERFACE ${HUBPUSH_LZ4_INCLUDE_DIR})
        target_link_libraries(hubpush::lz4 INTERFACE ${HUBPUSH_LZ4_LIBRARY})
        target_compile_definitions(hubpush::lz4 INTERFACE HUBPUSH_HAS_LZ4=1)
    endif()
endif()
