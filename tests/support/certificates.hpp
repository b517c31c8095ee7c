#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hubpush_test {

/// What a certificate shall say. The default is one that is in order.
struct certificate_wish {
    std::string common_name = "hub.example";
    std::string names = "DNS:hub.example";  // empty: no alternative names
    std::string usage = "serverAuth";       // extended key usage; empty: none
    std::string key_usage;                  // empty: none
    std::chrono::seconds begins = -std::chrono::hours(1);
    std::chrono::seconds ends = std::chrono::hours(1);
    bool authority = false;
    std::string constraints;         // basic constraints, where they are not what `authority` says
    std::string name_constraints;    // empty: none
    std::string_view raw_name;       // one more DNS name, byte by byte
    bool unknown_extension = false;  // a critical one
    int rsa_bits = 0;                // 0: an elliptic curve, P-256
    bool edwards = false;            // Ed25519: every signature is of the same length
    const EVP_MD* digest = EVP_sha256();
};

/// For these names, as in `DNS:hub.example,IP:127.0.0.1`, and in order.
inline certificate_wish named(const std::string& names) {
    certificate_wish wish;
    wish.names = names;
    return wish;
}

inline certificate_wish authority_wish(const std::string& name = "Test Authority") {
    certificate_wish wish;
    wish.common_name = name;
    wish.names.clear();
    wish.usage.clear();
    wish.authority = true;
    return wish;
}

/// A key and its certificate.
struct identity {
    explicit identity(EVP_PKEY* made = EVP_EC_gen("P-256")) : key(made, EVP_PKEY_free) {}

    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key;
    std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), X509_free};

    std::string pem() const {
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
        PEM_write_bio_X509(out.get(), certificate.get());
        char* text = nullptr;
        const long size = BIO_get_mem_data(out.get(), &text);
        return std::string(text, static_cast<std::size_t>(size));
    }
};

inline void add_extension(X509* certificate, int id, const std::string& value) {
    if (value.empty()) return;
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
    if (extension == nullptr) throw std::runtime_error("bad extension " + value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/// A DNS name that no configuration text can hold, with a zero byte in it, say.
inline void add_raw_name(X509* certificate, std::string_view name) {
    const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(GENERAL_NAMES_new(), GENERAL_NAMES_free);
    GENERAL_NAME* const one = GENERAL_NAME_new();
    ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
    GENERAL_NAME_set0_value(one, GEN_DNS, text);
    sk_GENERAL_NAME_push(names.get(), one);
    X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT);
}

inline void add_unknown_extension(X509* certificate) {
    const std::unique_ptr<ASN1_OBJECT, decltype(&ASN1_OBJECT_free)> name(OBJ_txt2obj("1.2.3.4.5", 1), ASN1_OBJECT_free);
    const std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> value(ASN1_OCTET_STRING_new(),
                                                                                      ASN1_OCTET_STRING_free);
    X509_EXTENSION* const extension = X509_EXTENSION_create_by_OBJ(nullptr, name.get(), 1, value.get());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

inline EVP_PKEY* make_key(const certificate_wish& wish) {
    if (wish.edwards) return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    return wish.rsa_bits != 0 ? EVP_RSA_gen(static_cast<unsigned int>(wish.rsa_bits)) : EVP_EC_gen("P-256");
}

/// Signed by `issuer`, or by itself.
inline identity make_identity(const certificate_wish& wish, const identity* issuer = nullptr) {
    identity made(make_key(wish));
    X509* const certificate = made.certificate.get();
    X509_set_version(certificate, 2);
    static long serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), static_cast<long>(wish.begins.count()));
    X509_gmtime_adj(X509_getm_notAfter(certificate), static_cast<long>(wish.ends.count()));
    X509_set_pubkey(certificate, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate,
                         X509_get_subject_name(issuer != nullptr ? issuer->certificate.get() : certificate));
    std::string constraints = wish.constraints;
    if (constraints.empty()) constraints = wish.authority ? "critical,CA:TRUE" : "critical,CA:FALSE";
    add_extension(certificate, NID_basic_constraints, constraints);
    add_extension(certificate, NID_ext_key_usage, wish.usage);
    add_extension(certificate, NID_key_usage, wish.key_usage);
    add_extension(certificate, NID_subject_alt_name, wish.names);
    add_extension(certificate, NID_name_constraints, wish.name_constraints);
    if (!wish.raw_name.empty()) add_raw_name(certificate, wish.raw_name);
    if (wish.unknown_extension) add_unknown_extension(certificate);
    X509_sign(certificate, issuer != nullptr ? issuer->key.get() : made.key.get(), wish.digest);
    return made;
}

}  // namespace hubpush_test
