CREATE EXTENSION sslinfo;

-- The SPIFFE ID in the certificate of this connection's client, which PostgreSQL has verified; NULL where there is none, or where the ID is not the only name.
-- The body is bound when it is created, so that no search_path leads it to another function.
CREATE FUNCTION spiffe_id() RETURNS text STABLE
BEGIN ATOMIC
  SELECT substring(value FROM '^URI:(spiffe://[a-z0-9._-]+/[A-Za-z0-9._/-]+)$') FROM ssl_extension_info() WHERE name = 'subjectAltName';
END;

CREATE ROLE shop LOGIN PASSWORD 'a password';
CREATE TABLE orders (id integer PRIMARY KEY, article text NOT NULL);
INSERT INTO orders VALUES (1, 'a bicycle'), (2, 'a bell');
GRANT SELECT ON orders TO shop;

-- Who may see orders is said by SPIFFE ID; the role alone sees nothing.
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_spiffe_id ON orders TO shop USING (spiffe_id() IN ('spiffe://example.org/orders'));
