"""Signatures against the examples that the clouds publish, and the shipped templates with them."""

import json
from datetime import UTC, datetime

import pytest

from dispatch.carriers import TEMPLATES
from dispatch.errors import AlertError, DeliveryError
from dispatch.gateways import (
    Gateway,
    Template,
    make_request,
    parse_template,
    read_answer,
    require_values,
    url_with_query,
)
from dispatch.signing import Credential, Request, sign_acs3, sign_tc3

NOW = datetime(2026, 6, 10, 2, 30, tzinfo=UTC)
TAKEN = {"Code": "Ok", "SerialNo": "5"}
VALUES = {
    "key": "ab" * 16,
    "key_15": "ab" * 7,
    "word": "w" * 22,
    "phone": "+8613800000001",
    "phone_national": "13800000001",
    "text": "秸秆露天焚烧",
    "case_no": "20260610-0001",
    "event": "file",
    "sequence": "7",
    "category": "秸秆露天焚烧",
    "place": "河口镇 双龙村",
    "link": "",
    "cases": "20260610-0001",
    "category_code": "burning.straw",
    "cell": "cell-1",
    "lon_deg": "120.1",
    "lat_deg": "32.1",
    "text_en": "Open straw burning",
}


def test_acs3_is_as_alibaba_cloud_publishes_it():
    """The fixed example of "V3 request structure and signature"."""
    request = Request(
        "POST",
        "https://ecs.cn-shanghai.aliyuncs.com/",
        {
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
            "RegionId": "cn-shanghai",
        },
        {
            "host": "ecs.cn-shanghai.aliyuncs.com",
            "x-acs-action": "RunInstances",
            "x-acs-version": "2014-05-26",
        },
        b"",
    )
    signed = sign_acs3(
        request,
        Credential("YourAccessKeyId", "YourAccessKeySecret"),
        service="",
        now=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    assert signed.headers["authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
        "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature="
        "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_tc3_is_as_tencent_cloud_publishes_it():
    """The example of "Signature v3", whose keys say EXAMPLE."""
    request = Request(
        "POST",
        "https://cvm.tencentcloudapi.com/",
        {},
        {"host": "cvm.tencentcloudapi.com", "content-type": "application/json; charset=utf-8"},
        b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], '
        b'"Name": "instance-name"}]}',
    )
    signed = sign_tc3(
        request,
        Credential("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"),
        service="cvm",
        now=datetime.fromtimestamp(1551113065, UTC),
        nonce="",
    )
    assert signed.headers["authorization"].endswith(
        "/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature="
        "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )
    assert signed.headers["x-tc-timestamp"] == "1551113065"


def shipped(name: str) -> Template:
    return parse_template((TEMPLATES / f"{name}.toml").read_text(encoding="utf-8"), name)


NAMES = sorted(path.stem for path in TEMPLATES.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_each_shipped_template_makes_a_signed_request(name: str):
    template = shipped(name)
    district = {
        value: "https://gateway.example/x" if value == "url" else "v" for value in template.values
    }
    request = make_request(
        template, {**VALUES, **district}, Credential("id", "secret"), now=NOW, nonce="n"
    )
    assert request.headers["host"]
    assert {"authorization", "x-signature"} & set(request.headers)
    told = url_with_query(request) + request.body.decode()
    # an event goes to a program, everything else to somebody's number
    assert ("13800000001" in told) is (name != "event")
    assert "20260610-0001" in told
    assert "secret" not in told + str(request.headers)


def test_a_table_in_a_query_is_sent_as_json_text():
    template = shipped("aliyun-sms")
    values = {**VALUES, "sign_name": "空中网格员", "template_code": "SMS_1"}
    request = make_request(template, values, Credential("id", "s"), now=NOW, nonce="n")
    assert json.loads(request.query["TemplateParam"]) == {
        "case": "20260610-0001",
        "what": "秸秆露天焚烧",
        "place": "河口镇 双龙村",
    }
    assert "TemplateParam=%7B%22case%22%3A%20%2220260610-0001%22" in url_with_query(request)


@pytest.mark.parametrize(
    ("name", "status", "said", "receipt"),
    [
        ("aliyun-sms", 200, {"Code": "OK", "BizId": "9^0"}, "9^0"),
        ("tencent-sms", 200, {"Response": {"SendStatusSet": [TAKEN]}}, "5"),
        ("tencent-voice", 200, {"Response": {"SendStatus": {"CallId": "c"}}}, "c"),
        ("webhook", 202, {}, ""),
    ],
)
def test_an_answer_that_takes_the_alert_gives_its_receipt(name, status, said, receipt):
    assert read_answer(shipped(name), status, json.dumps(said).encode()).receipt == receipt


@pytest.mark.parametrize(
    ("name", "status", "said", "is_final"),
    [
        ("aliyun-sms", 200, {"Code": "isv.BUSINESS_LIMIT_CONTROL"}, False),
        ("aliyun-sms", 200, {"Code": "isv.MOBILE_NUMBER_ILLEGAL"}, True),
        ("aliyun-sms", 503, {}, False),
        ("tencent-sms", 200, {"Response": {"Error": {"Code": "InternalError"}}}, False),
        ("tencent-voice", 200, {"Response": {"Error": {"Code": "InternalError"}}}, False),
        ("webhook", 429, {}, False),
        ("webhook", 422, {}, True),
        ("webhook", 301, {}, False),
    ],
)
def test_an_answer_that_does_not_take_it_says_whether_to_try_again(name, status, said, is_final):
    with pytest.raises(DeliveryError) as caught:
        read_answer(shipped(name), status, json.dumps(said).encode())
    assert caught.value.is_final == is_final


def test_an_answer_that_is_no_json_is_an_error_like_any_other():
    with pytest.raises(DeliveryError, match="HTTP 200: <html>"):
        read_answer(shipped("aliyun-sms"), 200, b"<html>")


def test_what_a_district_has_to_say_is_asked_for():
    gateway = Gateway(channel="sms", template="aliyun-sms", values={"sign_name": "x"})
    with pytest.raises(AlertError, match="needs the value 'template_code'"):
        require_values(gateway, shipped("aliyun-sms"))


def test_a_template_that_asks_for_what_nobody_knows_is_refused():
    template = parse_template('url = "http://127.0.0.1/{nothing}"', "own.toml")
    with pytest.raises(AlertError, match=r"asks for \{nothing\}; known are case_no"):
        make_request(template, VALUES, Credential("", ""), now=NOW, nonce="n")
