#pragma once

/// \file
/// Whom a client trusts.

#include <hubpush/core/config.hpp>

#include <string>
#include <utility>

namespace hubpush::inline v0 {

/// Which certificate authorities are trusted. The default is the system's store.
class tls_options {
public:
    tls_options() = default;
    /// A file of certificates in PEM form, or a folder in OpenSSL's layout. `named_by` tells where the path came from,
    /// for error messages: the name of an environment variable, say.
    tls_options(std::string authorities, std::string named_by)
        : authorities_(std::move(authorities)), named_by_(std::move(named_by)) {}

    /// The first that is set of SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE (design.md §3), else
    /// the system's store. Nothing in a program with raised privileges (SEC20).
    HUBPUSH_DECL static tls_options from_environment();

    const std::string& authorities() const noexcept { return authorities_; }  ///< empty: the system's store
    const std::string& named_by() const noexcept { return named_by_; }

private:
    std::string authorities_;
    std::string named_by_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/tls_options.ipp>
#endif
