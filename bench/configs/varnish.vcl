vcl 4.1;

backend page {
    .host = "127.0.0.1";
    .port = "@{origin}";
}

sub vcl_backend_response {
    if (beresp.status == 200) {
        set beresp.ttl = @{fresh}s;
        set beresp.grace = 24h;
        return (deliver);
    }
}
