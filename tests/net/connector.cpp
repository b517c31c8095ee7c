#include <hubpush/net/connector.hpp>

#include "catch.hpp"
#include "co_test.hpp"
#include "temporary_folder.hpp"
#include "test_seams.hpp"

#include <hubpush/async/notifier.hpp>
#include <hubpush/core/error.hpp>

#include <asio/read.hpp>
#include <asio/ssl.hpp>
#include <asio/write.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <fcntl.h>
#include <fstream>
#include <future>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;
using asio::ip::tcp;

