import type { Change, RefundChange } from './audit.js';

/** What writes each change down, in the transaction that makes it. */
export const AUDIT_SQL = `
CREATE TABLE audit (
  number bigserial PRIMARY KEY, at timestamptz, by text, change text, id uuid, status text, lease int, data jsonb
);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE entry record;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.status = NEW.status AND OLD.lease = NEW.lease AND OLD.data::text = NEW.data::text THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'DELETE' THEN entry := OLD; ELSE entry := NEW; END IF;
  INSERT INTO audit (at, by, change, id, status, lease, data) VALUES
    (clock_timestamp(), current_setting('application_name'), TG_OP, entry.id, entry.status, entry.lease, entry.data::jsonb);
  RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON wechatpay.orders FOR EACH ROW EXECUTE FUNCTION audit();`;

export const CHANGES_SQL = `SELECT (extract(epoch FROM at) * 1000)::float8 AS at, by, change, id, status, lease, data FROM audit ORDER BY number`;

export function toChanges(rows: readonly unknown[]): (Change | RefundChange)[] {
  return rows as (Change | RefundChange)[];
}
