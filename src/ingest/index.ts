export { createWebhookAuth } from './auth.ts';
export type { WebhookAuth, WebhookAuthOptions } from './auth.ts';
export { createDeliveryWriter, Overloaded } from './delivery-writer.ts';
export type { DeliveryWriter, DeliveryWriterOptions } from './delivery-writer.ts';
export { createWebhooks } from './webhooks.ts';
export type { Webhooks, WebhooksOptions } from './webhooks.ts';
