#include "blob/list_xml.hpp"

#include <doctest/doctest.h>

using namespace earshot;

TEST_CASE("a listing gives blobs, folders and the marker") {
  const auto page = blob::parse_listing(
      "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>"
      R"(<EnumerationResults ServiceEndpoint="https://acct.blob.core.windows.net/" ContainerName="recs">
 <Prefix>2026/10/</Prefix><Marker/><MaxResults>5000</MaxResults><Delimiter>/</Delimiter>
 <Blobs>
  <Blob><Name>2026/10/a &amp; b.wav</Name><Properties><Last-Modified>Sun, 22 Nov 2026 06:34:05 GMT</Last-Modified>
   <Etag>0x8DC0FFEE</Etag><Content-Length>43</Content-Length><Content-Type>audio/wav</Content-Type></Properties>
   <Metadata><callid>abc</callid></Metadata></Blob>
  <BlobPrefix><Name>2026/10/call-1/</Name></BlobPrefix>
  <Blob><Name Encoded="true">2026/10/x%01y</Name><Properties><Etag>"0x2"</Etag></Properties></Blob>
 </Blobs>
 <NextMarker>2!opaque==</NextMarker>
</EnumerationResults>)");

  REQUIRE(page.has_value());
  REQUIRE(page->blobs.size() == 2);
  CHECK(page->blobs[0].name.text == "2026/10/a & b.wav");
  CHECK(page->blobs[0].bytes == 43);
  CHECK(page->blobs[0].etag == "0x8DC0FFEE");
  CHECK(page->blobs[0].content_type == "audio/wav");
  CHECK(to_iso8601(page->blobs[0].modified_at) == "2026-11-22T06:34:05.000000Z");
  CHECK(page->blobs[1].name.text == "2026/10/x\x01y");
  CHECK(page->blobs[1].etag == "0x2");
  CHECK(page->prefixes == std::vector<std::string>{"2026/10/call-1/"});
  CHECK(page->next_marker == "2!opaque==");
}

TEST_CASE("an empty page may still have a next one") {
  const auto page = blob::parse_listing(
      "<EnumerationResults><Blobs/><NextMarker>go on</NextMarker></EnumerationResults>");

  REQUIRE(page.has_value());
  CHECK(page->blobs.empty());
  CHECK(page->next_marker == "go on");
}

TEST_CASE("what is no listing is corrupt, never an empty container") {
  for (const auto* xml :
       {"", "<", "<html><body>sign in</body></html>", "{}", "<EnumerationResults/>",
        "<EnumerationResults><Blobs><Blob></EnumerationResults>",
        "<EnumerationResults><Blobs><Blob><Properties/></Blob></Blobs></EnumerationResults>",
        R"(<EnumerationResults><Blobs><Blob><Name Encoded="true">%zz</Name></Blob></Blobs>)"}) {
    CAPTURE(xml);
    const auto page = blob::parse_listing(xml);
    REQUIRE_FALSE(page.has_value());
    CHECK(page.error().kind == ErrorKind::corrupt);
  }
}

TEST_CASE("entities of the sender's own making are not expanded") {
  const auto page = blob::parse_listing(
      "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><EnumerationResults><Blobs><Blob>"
      "<Name>&a;</Name></Blob></Blobs></EnumerationResults>");
  if (page) CHECK(page->blobs.at(0).name.text == "&a;");
}

TEST_CASE("an error's code is found, and nonsense gives none") {
  const auto error = blob::parse_service_error(
      "\xEF\xBB\xBF<?xml version=\"1.0\"?><Error><Code>BlobNotFound</Code><Message>The specified "
      "blob does not exist.\nRequestId:1</Message></Error>");
  CHECK(error.code == "BlobNotFound");
  CHECK(error.message == "The specified blob does not exist.");
  CHECK(blob::parse_service_error("<html>").code.empty());
  CHECK(blob::parse_service_error("").code.empty());
}

TEST_CASE("a block list names its blocks in order") {
  CHECK(blob::block_list_xml({"YQ==", "Yg=="}) ==
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList><Latest>YQ==</Latest>"
        "<Latest>Yg==</Latest></BlockList>");
}
