# What is installed: the headers, a CMake package, and hubpush.pc for those who build without CMake. All of it can be
# moved to another place afterwards.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hubpush)
install(TARGETS hubpush EXPORT hubpushTargets FILE_SET HEADERS)
install(EXPORT hubpushTargets NAMESPACE hubpush:: DESTINATION ${package_dir})
configure_package_config_file(cmake/hubpushConfig.cmake.in hubpushConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(hubpushConfigVersion.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/hubpushConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/hubpushConfigVersion.cmake
              cmake/hubpushDependencies.cmake DESTINATION ${package_dir})

# pkg-config knows no targets: its file names what was found on this machine. Where llhttp is C sources, their archive is
# installed too, with the header it was compiled from.
set(pc_requires "openssl >= 3.0" "nlohmann_json >= 3.11")
set(pc_cflags "")
set(pc_libs "")
if(HUBPUSH_ASIO_FOUND)
    list(APPEND pc_requires asio)
elseif(HUBPUSH_ASIO_INCLUDE_DIR)
    list(APPEND pc_cflags -I${HUBPUSH_ASIO_INCLUDE_DIR})
endif()
if(TARGET hubpush_llhttp)
    install(TARGETS hubpush_llhttp ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/hubpush)
    install(FILES ${HUBPUSH_LLHTTP_HEADER_DIR}/llhttp.h DESTINATION ${CMAKE_INSTALL_LIBDIR}/hubpush)
    list(APPEND pc_cflags [[-I${libdir}/hubpush]])
    list(APPEND pc_libs [[-L${libdir}/hubpush]] -lhubpush_llhttp)
else()
    list(APPEND pc_requires libllhttp)
endif()
if(TARGET hubpush::lz4)
    list(APPEND pc_requires liblz4)
    list(APPEND pc_cflags -DHUBPUSH_HAS_LZ4=1)
endif()
list(JOIN pc_requires ", " pc_requires)
list(JOIN pc_cflags " " pc_cflags)
list(JOIN pc_libs " " pc_libs)
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH pc_libdir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH pc_includedir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(cmake/hubpush.pc.in hubpush.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/hubpush.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
